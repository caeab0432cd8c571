// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite

/// `kelmark id approve`.
struct IdApproveCommand: KelmarkCommand {
    static let path = "id approve"
    static let configuration = CommandConfiguration.kelmark(
        "approve", "Approves a waiting event of a delegate of yours.",
        about: "The delegator seals the event in its own log, and brings the seal to its witnesses. What a delegate of "
            + "somebody else asks for comes with kelmark mail fetch, or from a file with kelmark id import.",
        examples: [
            CommandExample("a delegate of this home", "kelmark id approve issuer"),
            CommandExample("one from elsewhere", "kelmark mail fetch; kelmark id approve EJ…AID"),
            CommandExample("signed by two chosen keys", "kelmark id approve issuer --sign-with 0,2"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @Argument(help: "Name or AID of the delegate.", completion: NameCompletion.kind)
    var delegate: String
    @Option(help: ArgumentHelp("The event, when several wait.", valueName: "SAID"))
    var event: IdentifierArgument<SAID>?
    @Option(help: ArgumentHelp("Which keys of the delegator sign, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.changing(dryRun: write.dryRun) { wallet in
            let aid = try context.aid(delegate, in: wallet)
            let requests = try wallet.delegationRequests().filter {
                $0.event.aid == aid && (event == nil || $0.event.said == event?.id)
            }
            guard let request = requests.first else {
                throw CommandFailure("KM-AID-NOTHING-TO-APPROVE", "no event of \(delegate) waits for approval")
            }
            guard let ours = try wallet.identifiers().first(where: { $0.aid == request.delegator }) else {
                throw CommandFailure(
                    "KM-AID-NOT-OURS", "\(delegate) waits for \(request.delegator), whose keys are not here",
                    next: "\(Product.command) id export \(delegate) --out FILE")
            }
            if try StateFile(groupsOf: context.home).load().group(ours.aid) != nil {
                let seal = EventSeal(aid: aid, sn: request.event.sn, said: request.event.said)
                throw CommandFailure(
                    "KM-AID-NOT-OURS", "\(ours.name) is a group, whose members approve together",
                    next:
                        "\(Product.command) id multisig anchor \(ours.name) --seal \(seal.aid):\(seal.sn.hex):\(seal.said)"
                )
            }
            let controller = try Controller(wallet, ours.name)
            return try await context.approving(
                aid, named: delegate, event: event?.id, by: controller, signers: signWith?.numbers, options: publish,
                dryRun: write.dryRun)
        }
    }
}

extension CommandContext {
    /// Seals the waiting events of a delegate, brings the seal to the delegator's witnesses and, when the delegate is
    /// ours, its events to its own.
    func approving(
        _ delegate: AID, named name: String, event: SAID? = nil, by controller: Controller<SQLiteKeyEventStore>,
        signers: [Int]?,
        options: PublishOptions, dryRun: Bool
    ) async throws -> CommandResult {
        let wallet = controller.wallet
        var approval = try await controller.approve(delegate, event: event, signers: signers, now: now)
        var report: DeliveryReport?
        if !options.offline, !dryRun {
            report = try await publish(controller.aid, of: wallet)
            if try wallet.identifiers().contains(where: { $0.aid == delegate }) {
                _ = try await publish(delegate, of: wallet)
            }
            approval.sealing = try wallet.settled(approval.sealing)
        }
        var result = try ApprovalView.result(
            of: approval, delegate: delegate, name: name, delegator: controller.identifier.name, wallet: wallet,
            dryRun: dryRun)
        if let report {
            result.data["delivery"] = DeliveryView.data(of: report)
            result.text += DeliveryView.text(of: report)
        }
        return result
    }
}

/// What an approval came to.
enum ApprovalView {
    static func result(
        of approval: (sealing: AuthoredEvent, approved: [EventSeal], resumed: [ResumedMessage]), delegate: AID,
        name: String, delegator: String, wallet: HomeWallet, dryRun: Bool = false
    ) throws -> CommandResult {
        let state = try wallet.keyState(of: delegate)
        let isAccepted = try approval.approved.allSatisfy { seal in
            try wallet.store.read { try $0.record(of: seal.aid, at: seal.sn, said: seal.said) != nil }
        }
        let sealing = approval.sealing
        var data: OrderedMap = [
            "name": .text(name), "aid": .text(delegate.text), "delegator": .text(delegator),
            "sealedBy": .map(IdentifierView.data(of: sealing.event)),
            "approved": .list(approval.approved.map(\.value)),
            "outcome": isAccepted ? "accepted" : "waiting",
        ]
        if dryRun { data["dryRun"] = true }
        if let state { data["state"] = .map(state.record) }
        var result = CommandResult(
            data: data,
            text: [
                "\(dryRun ? "would have " : "")approved \(name)", "  AID     \(delegate.text)",
                "  event   \(approval.approved.map { "\($0.sn.hex)  \($0.said)" }.joined(separator: ", "))",
                "  seal    \(sealing.event.kind.rawValue) at \(sealing.event.sn.hex) of \(delegator), "
                    + "\(sealing.event.said.text)",
            ])
        if let reason = sealing.waitsFor, !dryRun {
            result.concern = CommandFailure(
                ErrorTranslation.code(for: reason), "the seal of \(delegator) waits for \(sealing.missing ?? "")",
                next: WaitingAdvice.command(reason: reason, aid: sealing.event.aid, name: delegator), data: data)
        } else if !isAccepted, !dryRun, try wallet.identifiers().contains(where: { $0.aid == delegate }) {
            let entry = try wallet.store.read { try $0.escrows(reason: nil, aid: delegate, limit: 1).first }
            result.concern = CommandFailure(
                ErrorTranslation.code(for: entry?.key.reason ?? .partialDelegation),
                "\(name) still waits for \(entry?.missing ?? "its controller")", next: "\(Product.command) waiting")
        }
        return result
    }
}
