// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI

extension Groups {
    /// The events that other members completed without our signature: they came from the network with enough
    /// signatures, and wait for a person.
    /// - Throws: ``GroupError`` `groupUnknown`; what store and book fail with.
    public func completedByOthers(_ nameOrAID: String) throws -> [EventSeal] {
        let group = try group(nameOrAID)
        return try misfits(of: group).map { EventSeal(aid: $0.0.aid, sn: $0.0.sn, said: $0.0.said) }
    }

    /// Takes events that other members completed without our signature into the log, one after the other.
    ///
    /// Their signatures satisfy the thresholds, so everybody else takes them already; only the log of an AID of ours is
    /// never moved by what strangers send (facts 7.7). Events of witnessed groups still need their receipts, which come
    /// with any copy of the log.
    /// - Returns: what became of each.
    /// - Throws: ``GroupError`` `groupUnknown`, `memberUnknown` when a key belongs to nobody whose log is here; what
    ///   store and book fail with.
    public func follow(_ nameOrAID: String, now: Timestamp) async throws -> [(event: EventSeal, outcome: EventOutcome)]
    {
        let aid = try group(nameOrAID).aid
        var followed: [(event: EventSeal, outcome: EventOutcome)] = []
        while let group = try book.load().group(aid), let state = try wallet.keyState(of: aid),
            let (event, attachments, key) = try misfits(of: group).first(where: { $0.0.sn == state.sn.next })
        {
            let members = try members(of: event, in: group)
            let outcome = try wallet.finish(
                event, signedBy: attachments.controllerSignatures, now: now
            ).outcome
            try wallet.store.write { try $0.removeEscrow(key) }
            followed.append((EventSeal(aid: aid, sn: event.sn, said: event.said), outcome))
            guard outcome.isInLog else { break }
            try book.update { ledger in
                guard let members, let place = ledger.groups.firstIndex(where: { $0.aid == aid }) else { return }
                ledger.groups[place].signing = members.signing
                ledger.groups[place].rotation = members.rotation
            }
            try wallet.refresh(now: now)
        }
        for proposal in try book.load().group(aid)?.proposals ?? [] where !proposal.stage.isSettled {
            _ = try await advance(aid, proposal.event.said, now: now)
        }
        return followed
    }

    /// Events of a group that strangers sent, in order of their places.
    private func misfits(of group: GroupRecord) throws -> [(KeyEvent, Attachments, EscrowKey)] {
        try wallet.store.read { transaction in
            try transaction.escrows(reason: .misfit, aid: group.aid, limit: 1024).compactMap { entry in
                guard let (event, attachments) = Wallet<Store>.parse(entry.message) else { return nil }
                return (event, attachments, entry.key)
            }
            .sorted { $0.0.sn < $1.0.sn }
        }
    }

    /// Whose keys and digests an establishment event states; nil for an interaction.
    private func members(of event: KeyEvent, in group: GroupRecord) throws -> (signing: [AID], rotation: [AID])? {
        guard let stated = event.establishment else { return nil }
        return try wallet.store.read { transaction in
            let checks = GroupChecks(store: transaction, member: group.member)
            var histories: [(AID, [Establishment])] = []
            var known = group.signing + group.rotation.filter { !group.signing.contains($0) }
            for proposal in group.proposals { known += proposal.members.filter { !known.contains($0) } }
            for aid in known { histories.append((aid, try checks.history(of: aid))) }
            func member(_ isMeant: (Establishment) -> Bool, _ what: String, _ place: Int) throws -> AID {
                guard let found = histories.first(where: { $0.1.contains(where: isMeant) }) else {
                    throw GroupError(
                        .memberUnknown,
                        "\(what) \(place) of event \(event.sn.hex) is none of a member whose log is here")
                }
                return found.0
            }
            let signing = try stated.keys.enumerated().map { place, key in
                try member({ $0.keys.first == key }, "key", place)
            }
            let rotation = try stated.nextDigests.enumerated().map { place, digest in
                try member({ $0.nextDigests.first == digest }, "next digest", place)
            }
            return (signing, rotation)
        }
    }
}
