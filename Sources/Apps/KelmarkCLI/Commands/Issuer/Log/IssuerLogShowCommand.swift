// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Issuer
internal import KelmarkBytes
internal import StorageSQLite
internal import Transparency

/// `kelmark issuer log show`.
struct IssuerLogShowCommand: KelmarkCommand {
    static let path = "issuer log show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Shows how many leaves an issuer's log has, and its root.",
        about:
            "Note the root down: whoever has it can ask later for a proof that the log only grew (log prove --since). It is "
            + "not signed, so it proves nothing to others yet.",
        examples: [
            CommandExample("of an issuer of this home", "kelmark issuer log show --trust-domain acme.example"),
            CommandExample("of a file elsewhere", "kelmark issuer log show --folder /var/lib/kelmark/issuer"),
            CommandExample("for a script", "kelmark issuer log show --trust-domain acme.example --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var log: IssuerLogOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let root = try await log.store(in: context).root()
        return CommandResult(
            data: [
                "size": OrderedValue(root.size), "root": .text(root.hash.hexadecimal), "noted": .text(root.noted),
                "signed": false,
            ],
            text: ["\(root.size) leaves", "  root  \(root.noted)", "  not signed: nobody vouches for it to others yet"])
    }
}
