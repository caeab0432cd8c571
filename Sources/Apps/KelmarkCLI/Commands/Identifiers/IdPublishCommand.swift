// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// Options of commands that write an event.
struct PublishOptions: ParsableArguments {
    @Flag(help: "Don't bring the event to the witnesses now; id publish does it later.")
    var offline = false
}

/// `kelmark id publish`.
struct IdPublishCommand: KelmarkCommand {
    static let path = "id publish"
    static let configuration = CommandConfiguration.kelmark(
        "publish", "Brings the events of an AID to its witnesses and collects the receipts that are missing.",
        about: "Commands that write an event do this themselves. Repeat it when witnesses were away: it asks only for "
            + "what is missing and tells each witness about the receipts of the others.",
        examples: [
            CommandExample("collect what is missing", "kelmark id publish acme"),
            CommandExample("see what is missing", "kelmark waiting acme"),
            CommandExample("for a script", "kelmark id publish acme --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name of the AID.", completion: NameCompletion.kind)
    var name: String
    @Flag(help: "Use the plain CESR ports of witnesses that have one, instead of HTTP.")
    var tcp = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.changing(keys: false) { wallet in
            let identifier = try wallet.identifier(name)
            guard let report = try await context.publish(identifier.aid, of: wallet, overStreams: tcp) else {
                return CommandResult(
                    data: ["name": .text(identifier.name), "aid": .text(identifier.aid.text), "delivery": .null],
                    text: ["\(identifier.name) has no witnesses, or nothing for them"])
            }
            var result = CommandResult(
                data: [
                    "name": .text(identifier.name), "aid": .text(identifier.aid.text),
                    "delivery": DeliveryView.data(of: report),
                ],
                text: ["published \(identifier.name)"] + DeliveryView.text(of: report))
            if !report.isMet {
                result.concern = CommandFailure(
                    ErrorTranslation.code(for: .partialWitnesses),
                    "\(identifier.name) needs \(report.threshold) receipts",
                    next: "\(Product.command) id publish \(name)")
            }
            return result
        }
    }
}

extension CommandContext {
    /// Brings an event that was just written to the witnesses, and tells what became of it then.
    func publishing(
        _ authored: AuthoredEvent, of wallet: HomeWallet, name: String, verb: String, options: PublishOptions,
        dryRun: Bool
    ) async throws -> CommandResult {
        let isForWitnesses = authored.waitsFor == nil || authored.waitsFor == .partialWitnesses
        guard !options.offline, !dryRun, isForWitnesses,
            let report = try await publish(authored.event.aid, of: wallet)
        else {
            return IdentifierView.result(
                of: authored, name: name, verb: verb, state: try wallet.keyState(of: authored.event.aid), dryRun: dryRun
            )
        }
        let settled = try wallet.settled(authored)
        var result = IdentifierView.result(
            of: settled, name: name, verb: verb, state: try wallet.keyState(of: authored.event.aid), dryRun: false)
        result.data["delivery"] = DeliveryView.data(of: report)
        result.text += DeliveryView.text(of: report)
        return result
    }
}
