// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// `kelmark witness`.
struct WitnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "witness", "Receipts the events of others.",
        examples: [
            CommandExample("make the AID of a witness", "kelmark id create wan --non-transferable"),
            CommandExample("serve it", "kelmark witness serve wan:5642:5632"),
            CommandExample("where it is introduced", "curl http://127.0.0.1:5642/oobi"),
        ],
        subcommands: [WitnessServeCommand.self])
}
