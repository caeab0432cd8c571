// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

extension IssuingDesk {
    /// What became of a registry event at one backer.
    typealias Backed = (backer: AID, result: WitnessResult)

    /// Brings a sealed registry event to the backers that have not signed it, and takes their signatures in.
    func back(_ event: PendingRegistryEvent, in context: CommandContext) async throws -> [Backed] {
        try await context.reachingPeers { transport in
            var policy = DeliveryPolicy()
            policy.attempts = 2
            return try await BackerReceiptor(
                wallet, store: store, transport: transport, clock: SystemClock(), policy: policy
            ).collect(event)
        }
    }

    /// Goes on with the events of an owner that lack nothing but signatures of backers.
    func backPending(of owner: AID, in context: CommandContext) async throws {
        for pending in try issuing.ledger().pending where pending.owner == owner {
            guard try issuing.settle(pending, now: context.now) == .waits(.partialBackers) else { continue }
            _ = try await back(pending, in: context)
            _ = try issuing.settle(pending, now: context.now)
        }
    }
}

/// What backers said, as data and as text.
enum BackingView {
    static func data(of backed: [IssuingDesk.Backed]) -> OrderedValue {
        DeliveryView.data(of: backed.map { DeliveryReport.Witness(aid: $0.backer, result: $0.result) })
    }

    static func text(of backed: [IssuingDesk.Backed]) -> [String] {
        DeliveryView.text(
            of: backed.map { DeliveryReport.Witness(aid: $0.backer, result: $0.result) }, as: "backer ")
    }
}
