// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// `kelmark credential refresh`.
struct CredentialRefreshCommand: KelmarkCommand {
    static let path = "credential refresh"
    static let configuration = CommandConfiguration.kelmark(
        "refresh", "Asks the witnesses of the issuer what is new about a credential, and whether it still holds.",
        about: "The log of the issuer and the events of the registry are fetched and verified, for everything that the "
            + "credential builds upon too. As long as nobody answered about one of them nothing new is "
            + "known, and the exit code is 3. Nobody is asked about what AIDs of this home issued.",
        examples: [
            CommandExample("has it been revoked?", "kelmark credential refresh EK…SAID"),
            CommandExample("asking as one of several AIDs", "kelmark credential refresh EK…SAID --as bob"),
            CommandExample("for a script", "kelmark credential refresh EK…SAID --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Option(name: .customLong("as"), help: ArgumentHelp("The AID of yours that asks.", valueName: "name"))
    var own: String?
    @Argument(help: "SAID of the credential.")
    var said: IdentifierArgument<SAID>

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.atDesk { desk in
            let refreshed = try await desk.refresher.refresh(
                said.id, as: try desk.speaker(own), idle: CommandContext.glance)
            let verdict = try desk.verdict(of: said.id)
            var result = VerdictPicture(
                verdict: verdict,
                isRevocationPending: try IssuingDesk(desk.wallet, home: context.home).issuing.isRevoking(verdict.chain),
                names: try context.names(in: desk.wallet)
            ).result
            result.data["answered"] = .list(refreshed.answered.sorted().map { .text($0.text) })
            result.data["silent"] = .list(
                refreshed.silent.sorted { $0.key < $1.key }.map {
                    ["aid": .text($0.key.text), "detail": .text($0.value)]
                })
            result.data["fresh"] = .boolean(refreshed.isFresh)
            result.text += refreshed.answered.sorted().map { "  witness \($0)  answered" }
            result.text += refreshed.silent.sorted { $0.key < $1.key }.map {
                "  witness \($0.key)  silent: \(printable($0.value))"
            }
            if verdict.isValid, result.concern == nil, !refreshed.isFresh {
                let missing = refreshed.unanswered.sorted().map(\.text).joined(separator: ", ")
                result.concern = CommandFailure(
                    "KM-CREDENTIAL-STALE", "nobody answered about \(missing): what is known here may be old",
                    next: "\(Product.command) credential refresh \(said.id)")
            }
            return result
        }
    }
}
