// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes

/// `kelmark debug`.
struct DebugCommand: AsyncParsableCommand {
    static let configuration: CommandConfiguration = {
        var configuration = CommandConfiguration.kelmark(
            "debug", "Shows what a running issuer tells of itself.",
            examples: [
                CommandExample("what it holds, and its own certificates", "kelmark debug"),
                CommandExample("as SPIRE's tool does", "kelmark debug getinfo -output json"),
                CommandExample("for a script", "kelmark debug getinfo --json"),
            ],
            subcommands: [DebugInfoCommand.self])
        configuration.defaultSubcommand = DebugInfoCommand.self
        return configuration
    }()
}

/// `kelmark debug getinfo`.
struct DebugInfoCommand: KelmarkCommand {
    static let path = "debug getinfo"
    static let configuration = CommandConfiguration.kelmark(
        "getinfo", "Shows how much the issuer holds, how long it runs, and its own certificates.",
        examples: [
            CommandExample("all of it", "kelmark debug getinfo"),
            CommandExample("as SPIRE's tool prints it", "kelmark debug getinfo -output json"),
            CommandExample("for a script", "kelmark debug getinfo --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        Self.answer(try await context.administering(issuer) { try await $0.info() }).result(issuer.form, in: context)
    }

    /// As SPIRE's tool prints it.
    static func answer(_ info: ServerInfo) -> Answer {
        var text = [
            "Server Debug Info:",
            "  Uptime:                  \(SPIREText.duration(Int64(info.uptime)))",
            "  Registered Agents:       \(info.nodes)",
            "  Registration Entries:    \(info.entries)",
            "  Federated Bundles:       \(info.federatedBundles)",
            "  SVID Chain:",
        ]
        for (index, certificate) in info.chain.enumerated() {
            text += [
                "    [\(index)] SPIFFE ID:  \(printable(certificate.id.description))",
                "        Subject:    \(printable(certificate.subject))",
                "        Expires At: \(SPIREText.stamp(certificate.expiresAt))",
            ]
        }
        return Answer(
            json: [
                "agents_count": OrderedValue(info.nodes), "entries_count": OrderedValue(info.entries),
                "federated_bundles_count": OrderedValue(info.federatedBundles),
                "svid_chain": .list(
                    info.chain.map {
                        [
                            "expires_at": SPIREJSON.integer($0.expiresAt), "id": SPIREJSON.id($0.id),
                            "subject": .text($0.subject),
                        ]
                    }),
                "uptime": OrderedValue(info.uptime),
            ], text: text)
    }
}
