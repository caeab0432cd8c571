// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import KelmarkCLI

/// Every command below a root, with the root itself.
private func tree(_ type: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
    [type] + type.configuration.subcommands.flatMap { tree($0) }
}

@Suite struct HelpTests {
    @Test func everyCommandHasThreeExamples() {
        let commands = tree(RootCommand.self)
        #expect(commands.count >= 26)
        for command in commands {
            let examples = command.configuration.discussion.split(separator: "\n").filter { $0.contains("  # ") }
            #expect(examples.count >= 3, "\(command._commandName) has \(examples.count) examples")
            #expect(!command.configuration.abstract.isEmpty)
        }
    }

    @Test func everyCommandOfOursKnowsItsPath() {
        let ours = tree(RootCommand.self).compactMap { $0 as? any KelmarkCommand.Type }
        // A command may also stand under the name that it has elsewhere.
        let types = Set(ours.map { ObjectIdentifier($0) })
        #expect(Set(ours.map { $0.path }).count == types.count)
        for command in ours {
            #expect(command.path.split(separator: " ").last.map(String.init) == command._commandName)
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func shellsCanComplete(shell: String) throws {
        let script = RootCommand.completionScript(for: try #require(CompletionShell(rawValue: shell)))
        #expect(script.contains("approve"))
        #expect(script.contains("passphrase-file"))
    }

    @Test func noCommandTakesThePassphraseItself() {
        for command in tree(RootCommand.self) {
            let help = RootCommand.helpMessage(for: command, includeHidden: true)
            #expect(!help.contains("--passphrase "))
            #expect(!help.contains("--passphrase="))
        }
    }
}
