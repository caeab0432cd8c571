// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite

/// `kelmark id request`.
struct IdRequestCommand: KelmarkCommand {
    static let path = "id request"
    static let configuration = CommandConfiguration.kelmark(
        "request", "Asks the delegator of an AID for its seal, looks whether it came, and fetches the receipts.",
        about: "An AID whose inception waits can't send anything itself: another one of yours, the proxy, does. The "
            + "delegator and where it gets its mail must be known: kelmark oobi resolve.",
        examples: [
            CommandExample("ask, and wait", "kelmark id request issuer --proxy alice --wait 120"),
            CommandExample("a rotation", "kelmark id request issuer --wait 120"),
            CommandExample("only look", "kelmark id request issuer --no-send"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions
    @Argument(help: "Name of the delegated AID.", completion: NameCompletion.kind)
    var name: String
    @Option(help: ArgumentHelp("Name of the AID of yours that sends the request.", valueName: "name"))
    var proxy: String?
    @Flag(inversion: .prefixedNo, help: "Send the request; it was sent before otherwise.")
    var send = true

    func perform(in context: CommandContext) async throws -> CommandResult {
        var sent: (event: EventSeal, delegator: AID)?
        return try await context.rounds(for: waiting.wait) { desk, round in
            let identifier = try desk.wallet.identifier(name)
            if round == 0, send {
                _ = try await desk.receiptor.collectAhead(identifier.aid)
                sent = try await desk.delegations.request(name, from: try sender(desk, identifier), now: context.now)
            }
            if let delegator = try sent?.delegator ?? delegator(of: identifier, desk) {
                _ = try await desk.introducer.refresh(delegator)
                _ = try desk.wallet.refresh(now: context.now)
            }
            let report = try await desk.receiptor.deliver(identifier.aid)
            var outcome = try Self.outcome(of: identifier, report, desk)
            if outcome.isDone {
                try await desk.receiptor.bringSeal(of: identifier.aid)
                // The event counts already; whoever approved it would only wait for the news.
                do {
                    _ = try await desk.delegations.report(name, from: try sender(desk, identifier))
                    outcome.result.data["reported"] = true
                } catch let error as PostError {
                    outcome.result.data["reported"] = false
                    outcome.result.text.append("  not told  \(printable(error.detail))")
                }
            }
            return outcome
        }
    }

    /// The proxy that was named; else the AID itself when it is known to others, else the first of ours that is.
    private func sender(_ desk: Desk, _ identifier: OwnedIdentifier) throws -> String {
        if let proxy { return proxy }
        if try desk.wallet.keyState(of: identifier.aid) != nil { return identifier.name }
        let others = try desk.wallet.identifiers().filter {
            try desk.wallet.keyState(of: $0.aid).map { $0.isTransferable && !$0.witnesses.isEmpty } ?? false
        }
        guard let first = others.first else {
            throw CommandFailure(
                "KM-AID-EVENT-WAITING",
                "\(identifier.name) is not known to anybody yet, and no other AID can send for it",
                next: "\(Product.command) id create NAME --witness AID")
        }
        return first.name
    }

    private func delegator(of identifier: OwnedIdentifier, _ desk: Desk) throws -> AID? {
        try desk.wallet.delegationRequests().first { $0.event.aid == identifier.aid }?.delegator
            ?? desk.wallet.keyState(of: identifier.aid)?.delegator
    }

    private static func outcome(
        of identifier: OwnedIdentifier, _ report: DeliveryReport, _ desk: Desk
    ) throws -> (result: CommandResult, isDone: Bool) {
        let now = try desk.wallet.identifier(identifier.aid.text)
        let state = try desk.wallet.keyState(of: identifier.aid)
        var data: OrderedMap = [
            "name": .text(identifier.name), "aid": .text(identifier.aid.text),
            "outcome": now.waitingEvent == nil ? "accepted" : "waiting",
            "delivery": DeliveryView.data(of: report),
        ]
        if let state { data["state"] = .map(state.record) }
        guard now.waitingEvent != nil else {
            return (
                CommandResult(
                    data: data, text: ["approved \(identifier.name)"] + DeliveryView.text(of: report)), true
            )
        }
        let entry = try desk.wallet.store.read { try $0.escrows(reason: nil, aid: identifier.aid, limit: 1).first }
        let reason = entry?.key.reason ?? .partialDelegation
        data["waitsFor"] = .text(reason.rawValue)
        return (
            CommandResult(
                data: data, text: ["\(identifier.name) still waits"] + DeliveryView.text(of: report),
                concern: CommandFailure(
                    ErrorTranslation.code(for: reason),
                    "\(identifier.name) waits for \(entry?.missing ?? "its delegator")",
                    next: "\(Product.command) id request \(identifier.name) --no-send --wait 120", data: data)),
            false
        )
    }
}
