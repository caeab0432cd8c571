// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// Options of every command.
struct GlobalOptions: ParsableArguments {
    @Flag(name: .long, help: "Print one JSON envelope instead of text.")
    var json = false
    @Flag(name: [.long, .short], help: "Say nothing on stderr but errors.")
    var quiet = false
    @Flag(name: [.short, .long, .customLong("verbose", withSingleDash: true)], help: "Say more on stderr.")
    var verbose = false
    @Flag(name: .long, help: "Never ask on the terminal; fail instead.")
    var noInput = false
    @Option(name: .long, help: ArgumentHelp("Folder of keys and logs.", valueName: "folder"), completion: .directory)
    var home: String?
    @Option(
        name: .also("config", as: "config"), help: ArgumentHelp("Configuration file.", valueName: "file"),
        completion: .file())
    var config: String?
    @Option(
        name: .long, help: ArgumentHelp("File whose first line is the passphrase.", valueName: "file"),
        completion: .file())
    var passphraseFile: String?
    @Option(name: .long, help: ArgumentHelp("Open file descriptor to read the passphrase from.", valueName: "number"))
    var passphraseFd: Int32?
}

/// Options of commands that change something.
struct WriteOptions: ParsableArguments {
    @Flag(name: .long, help: "Show what would be done and change nothing.")
    var dryRun = false
}

/// Options of commands that end something for good.
struct DestructiveOptions: ParsableArguments {
    @Flag(name: .long, help: "Do it; without this only what would end is shown.")
    var yes = false
}
