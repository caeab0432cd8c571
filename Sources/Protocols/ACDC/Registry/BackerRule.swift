// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

/// The rules for the backers of a registry; they are those for witnesses (facts 7.3, 7.4, 13.3).
enum BackerRule {
    /// Whether a list names each backer once and a threshold suits it.
    static func fits(_ threshold: UInt32, _ backers: [AID]) -> Bool {
        guard Set(backers).count == backers.count else { return false }
        return backers.isEmpty ? threshold == 0 : threshold >= 1 && Int(threshold) <= backers.count
    }

    /// The list in force after a registry event: without the cuts, in the old order, then the added; nil when it cuts
    /// one that is not there, adds one that is (also one that it cuts), or cuts one twice. Whether it adds
    /// one twice, ``fits(_:_:)`` tells.
    static func list(after event: RegistryEvent, from current: [AID]) -> [AID]? {
        let (cuts, adds) = (Set(event.backersCut), Set(event.backersAdded))
        guard cuts.count == event.backersCut.count else { return nil }
        guard cuts.isSubset(of: current) else { return nil }
        guard adds.isDisjoint(with: current) else { return nil }
        return current.filter { !cuts.contains($0) } + event.backersAdded
    }

    /// The signatures by backers that verify, one for each of them.
    static func verified(
        _ signatures: [IndexedSignature], over message: [UInt8], by backers: [AID]
    ) -> [IndexedSignature] {
        var signers = SignerSet()
        return signatures.filter { signature in
            guard signature.index < backers.count, let key = backers[signature.index].key else { return false }
            guard !signers.contains(signature.index) else { return false }
            guard key.verifies(signature, over: message.span) else { return false }
            signers.insert(signature.index)
            return true
        }
    }
}
