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
        about: "The delegator seals the event in its own log. For a delegate of somebody else, import its log first.",
        examples: [
            CommandExample("a delegate of this home", "kelmark id approve issuer"),
            CommandExample("one from elsewhere", "kelmark id import issuer.cesr; kelmark id approve EJ…AID"),
            CommandExample("signed by two chosen keys", "kelmark id approve issuer --sign-with 0,2"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @Argument(help: "Name or AID of the delegate.", completion: NameCompletion.kind)
    var delegate: String
    @Option(help: ArgumentHelp("Which keys of the delegator sign, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.changing(dryRun: write.dryRun) { wallet in
            let aid = try wallet.aid(delegate)
            let requests = try wallet.delegationRequests().filter { $0.event.aid == aid }
            guard let request = requests.first else {
                throw CommandFailure("KM-AID-NOTHING-TO-APPROVE", "no event of \(delegate) waits for approval")
            }
            guard let ours = try wallet.identifiers().first(where: { $0.aid == request.delegator }) else {
                throw CommandFailure(
                    "KM-AID-NOT-OURS", "\(delegate) waits for \(request.delegator), whose keys are not here",
                    next: "\(Product.command) id export \(delegate) --out FILE")
            }
            let controller = try Controller(wallet, ours.name)
            let approval = try await controller.approve(aid, signers: signWith?.numbers, now: context.now)
            return try ApprovalView.result(
                of: approval, delegate: aid, name: delegate, delegator: ours.name, wallet: wallet,
                dryRun: write.dryRun)
        }
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
                "  seal    \(sealing.event.kind.rawValue) at \(sealing.event.sn.hex) of \(delegator), "
                    + "\(sealing.event.said.text)",
            ])
        if let reason = sealing.waitsFor, !dryRun {
            result.concern = CommandFailure(
                ErrorTranslation.code(for: reason), "the seal of \(delegator) waits for \(sealing.missing ?? "")",
                next: WaitingAdvice.command(reason: reason, aid: sealing.event.aid, name: delegator), data: data)
        } else if !isAccepted, !dryRun {
            let entry = try wallet.store.read { try $0.escrows(reason: nil, aid: delegate, limit: 1).first }
            result.concern = CommandFailure(
                ErrorTranslation.code(for: entry?.key.reason ?? .partialDelegation),
                "\(name) still waits for \(entry?.missing ?? "its controller")", next: "\(Product.command) waiting")
        }
        return result
    }
}
