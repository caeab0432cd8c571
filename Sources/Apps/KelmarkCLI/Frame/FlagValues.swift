// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// The habit of Go's programs to give a flag its value behind an equals sign, `-admin=true`: such words become those by
/// which the parser knows the same thing. Facts (SPIFFE) 18.
enum FlagValues {
    /// What Go takes for a truth.
    private static let truths: [Substring: Bool] = [
        "1": true, "t": true, "T": true, "TRUE": true, "true": true, "True": true,
        "0": false, "f": false, "F": false, "FALSE": false, "false": false, "False": false,
    ]

    /// A command line without such words. As in Go the last word about a flag counts.
    /// - Throws: ``CommandFailure`` for a value that is neither true nor false.
    static func spelled(_ arguments: [String]) throws(CommandFailure) -> [String] {
        guard arguments.contains(where: { assignment($0) != nil }) else { return arguments }
        let (command, path) = named(by: arguments)
        let flags = CommandDescription(of: command).options.filter(\.isFlag)
        var words: [String] = []
        for (index, word) in arguments.enumerated() {
            guard word != "--" else { return words + arguments[index...] }
            guard let (name, text) = assignment(word), let flag = flags.first(where: { $0.spellings.contains(name) })
            else {
                words.append(word)
                continue
            }
            guard let truth = truths[text] else {
                throw CommandFailure(
                    "KM-USAGE", "\(name) takes true or false, not \"\(text)\"",
                    next: ([Product.command] + path + ["--help"]).joined(separator: " "))
            }
            words.removeAll { flag.spellings.contains($0) }
            words += flag.typed(truth != flag.negations.contains(name))
        }
        return words
    }

    /// An option and what stands behind its equals sign.
    private static func assignment(_ word: String) -> (name: String, text: Substring)? {
        guard word.hasPrefix("-"), !word.hasPrefix("---"), let equals = word.firstIndex(of: "=") else { return nil }
        return (String(word[..<equals]), word[word.index(after: equals)...])
    }

    /// The command that the parser will find, and the words that name it.
    private static func named(by arguments: [String]) -> (command: any ParsableCommand.Type, path: [String]) {
        var command: any ParsableCommand.Type = RootCommand.self
        var path: [String] = []
        for word in arguments {
            let next = command.configuration.subcommands.first {
                $0._commandName == word || $0.configuration.aliases.contains(word)
            }
            guard let next else { break }
            command = next
            path.append(word)
        }
        while let next = command.configuration.defaultSubcommand { command = next }
        return (command, path)
    }
}
