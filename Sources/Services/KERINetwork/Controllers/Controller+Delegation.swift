// SPDX-License-Identifier: Apache-2.0

public import KERI
internal import KelmarkBytes

/// An event of a delegate that waits for its delegator.
public struct DelegationRequest: Sendable, Hashable {
    /// The event.
    public let event: KeyEvent
    /// Who must approve it.
    public let delegator: AID
    /// When it arrived.
    public let since: Timestamp
}

extension Wallet {
    /// The events that wait for a delegator's seal.
    /// - Throws: what the store fails with.
    public func delegationRequests() throws -> [DelegationRequest] {
        try store.read { transaction in
            var requests: [DelegationRequest] = []
            for reason in [EscrowReason.partialDelegation, .delegable] {
                for entry in try transaction.escrows(reason: reason, aid: nil, limit: 65_536) {
                    guard let (event, _) = Self.parse(entry.message) else { continue }
                    let delegator: AID? =
                        if let stated = event.delegator { stated } else {
                            try transaction.keyState(of: event.aid)?.delegator
                        }
                    guard let delegator else { continue }
                    requests.append(DelegationRequest(event: event, delegator: delegator, since: entry.since))
                }
            }
            return requests
        }
    }
}

extension Controller {
    /// Approves the waiting events of a delegate by sealing them, then decides about them again.
    ///
    /// - Parameter event: which of them; needed when several wait, for two events at one place must not both be sealed.
    /// - Returns: the sealing event, and what became of each approved event.
    /// - Throws: ``ControllerError`` `nothingToApprove`, and what ``anchor(_:signers:format:now:)`` throws.
    public func approve(
        _ delegate: AID, event: SAID? = nil, signers: [Int]? = nil, now: Timestamp
    ) async throws -> (sealing: AuthoredEvent, approved: [EventSeal], resumed: [ResumedMessage]) {
        let waiting = try wallet.delegationRequests().filter { $0.event.aid == delegate && $0.delegator == aid }
        let requests = waiting.filter { event == nil || $0.event.said == event }
        guard !requests.isEmpty else {
            throw ControllerError(.nothingToApprove, "no event of \(delegate) waits for \(identifier.name)")
        }
        var seals: [EventSeal] = []
        for request in requests {
            let seal = EventSeal(aid: request.event.aid, sn: request.event.sn, said: request.event.said)
            if !seals.contains(seal) { seals.append(seal) }
        }
        guard seals.count == 1 else {
            throw ControllerError(
                .severalToApprove,
                "\(seals.count) events of \(delegate) wait: "
                    + seals.map { "\($0.sn.hex) \($0.said)" }.joined(separator: ", "))
        }
        let state = try keyState()
        guard !state.refusesDelegation else {
            throw ControllerError(.notDelegated, "\(identifier.name) was made not to delegate")
        }
        let sealing: AuthoredEvent
        if state.isEstablishmentOnly {
            var plan = RotationPlan()
            plan.anchors = seals.map(\.value)
            plan.signers = signers
            sealing = try await rotate(plan, now: now)
        } else {
            sealing = try await anchor(seals.map(\.value), signers: signers, now: now)
        }
        return (sealing, seals, try wallet.refresh(now: now))
    }
}
