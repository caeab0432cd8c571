// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KelmarkBytes

// What a witness does with registries of its controllers: keeps their events, so that whoever holds a credential can ask
// whether it still counts (facts 9.2, 13.1).

extension Witness {
    /// Decides about a registry event and keeps it.
    func keep(
        _ event: RegistryEvent, _ attachments: Attachments, in registries: any RegistryKeeper
    ) async throws -> Reaction {
        let kept = try await queue.runAlone { [self] in
            try registries.take(event, attachments, now: clock.now()) { policy.serves($0) }
        }
        switch kept {
        case .notServed: return Reaction(outcome: .rejected(.wrongSigner))
        case .decided(.rejected(let reason)):
            return Reaction(outcome: .rejected(reason == .escrowFull ? .escrowFull : .badPayload), refusal: reason)
        case .decided(.accepted), .decided(.duplicate), .decided(.escrowed): return Reaction(outcome: .verified)
        }
    }

    /// Signs a registry event that names this witness as backer; nil when it backs none.
    func back(_ event: RegistryEvent, _ attachments: Attachments) async throws -> RegistryBacking? {
        guard let registries, policy.backsRegistries else { return nil }
        return try await queue.runAlone { [self] in
            try registries.back(event, attachments, with: key, now: clock.now()) { policy.serves($0) }
        }
    }

    /// The answer to a verified query about a registry; nil when it is not known here. Nobody waits for one that may
    /// never come: who asks knows where the registry is kept.
    @concurrent func registryLog(_ query: Query) async throws -> Answer? {
        guard let registries, let registry = query.parameters.said("ri") else { return nil }
        let log = try registries.log(of: registry, credential: query.parameters.said("i"))
        return log.isEmpty ? nil : Answer(topic: "/replay", stream: log)
    }

    /// Decides again about registry events that wait for the log of an AID.
    func wakeRegistries(of owner: AID) async throws {
        // Mostly nothing waits, and then nobody takes a turn at writing.
        guard let registries, try registries.awaits(owner) else { return }
        try await queue.runAlone { [self] in try registries.wake(after: owner, now: clock.now()) }
    }
}
