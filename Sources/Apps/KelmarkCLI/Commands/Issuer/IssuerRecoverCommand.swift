// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import TrustBinding

/// `kelmark issuer recover`.
struct IssuerRecoverCommand: KelmarkCommand {
    static let path = "issuer recover"
    static let configuration = CommandConfiguration.kelmark(
        "recover", "Takes an issuer's log back from a position on, and seals again what it keeps.",
        about:
            "A recovery rotation takes the place of the interactions from the position on. Statements and withdrawals "
            + "of yours that were sealed there are sealed again by the rotation; one that somebody else sealed with stolen "
            + "keys stands only in the superseded branch then, and counts no more. Leave out with --drop what is not to "
            + "stand.",
        examples: [
            CommandExample("from event 2 on", "kelmark issuer recover issuer --at 2"),
            CommandExample("without one statement", "kelmark issuer recover issuer --at 2 --drop EK…SAID"),
            CommandExample("see what would be sealed again", "kelmark issuer recover issuer --at 2 --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @Argument(help: "Name of the issuer's AID.", completion: NameCompletion.kind)
    var issuer: String
    @Option(help: ArgumentHelp("Position (hexadecimal) to recover at.", valueName: "position"))
    var at: SequenceNumberArgument
    @Option(help: ArgumentHelp("A statement that is not sealed again; may be repeated.", valueName: "SAID"))
    var drop: [IdentifierArgument<SAID>] = []
    @Option(help: ArgumentHelp("Which of the new keys sign, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let dropped = Set(drop.map(\.id))
        return try await context.issuing(dryRun: write.dryRun) { desk in
            let service = try IssuerService(
                desk, folder: IssuerFolder(path: context.home.issuers), name: issuer)
            let lost = try service.superseded(at: at.sn).compactMap { SAID($0.said) }
            if let stranger = dropped.first(where: { !lost.contains($0) }) {
                throw CommandFailure("KM-USAGE", "\(stranger) is no statement that the recovery would take away")
            }
            var plan = RotationPlan()
            plan.position = at.sn
            plan.signers = signWith?.numbers
            plan.anchors = lost.filter { !dropped.contains($0) }.map { Seal.digest($0).value }
            let authored = try await service.controller.rotate(plan, now: context.now)
            var result = try await context.publishing(
                authored, of: desk.wallet, name: issuer, verb: "recovered", options: publish, dryRun: write.dryRun)
            result.data["sealedAgain"] = .list(lost.filter { !dropped.contains($0) }.map { .text($0.text) })
            result.data["dropped"] = .list(dropped.sorted().map { .text($0.text) })
            result.text += lost.map { "  \(dropped.contains($0) ? "dropped " : "kept    ")  \($0)" }
            return result
        }
    }
}
