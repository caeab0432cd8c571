// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// `kelmark kel`.
struct KelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "kel", "Looks at key event logs.",
        examples: [
            CommandExample("the events of an AID", "kelmark kel show acme"),
            CommandExample("check a log from a file, alone", "kelmark kel verify acme.cesr"),
            CommandExample("compare two copies", "kelmark kel diff acme.cesr from-witness.cesr"),
        ],
        subcommands: [KelShowCommand.self, KelVerifyCommand.self, KelDiffCommand.self, KelFetchCommand.self])
}
