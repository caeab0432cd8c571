// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkCrypto

/// Signing events with a choice of keys, and refusing choices that could never suffice.
enum Signing {
    /// A key at its place in the list of an event.
    struct Place {
        let key: CreatedKey
        /// Its place among the prior next digests; nil when it is the same place, or the key was not pre-rotated.
        let ondex: Int?
        /// Whether the key was not pre-rotated.
        let isFresh: Bool
    }

    /// The signatures of the chosen keys.
    /// - Throws: ``ControllerError`` when a number is wrong or the choice can't satisfy the threshold.
    static func sign(
        _ event: KeyEvent, with keys: [Place], chosen: [Int]?, threshold: Threshold
    ) throws -> [IndexedSignature] {
        let places = try choice(chosen, of: keys.count)
        guard threshold.isSatisfied(by: SignerSet(places)) else {
            throw ControllerError(
                .keysInsufficient, "\(places.count) of \(keys.count) keys sign, the threshold is \(threshold.summary)")
        }
        return try places.map { place in
            try keys[place].key.indexedSignature(
                over: event.bytes, index: place, ondex: keys[place].ondex, currentOnly: keys[place].isFresh)
        }
    }

    /// The places that sign, ascending and each once.
    static func choice(_ chosen: [Int]?, of count: Int) throws(ControllerError) -> [Int] {
        guard let chosen else { return Array(0..<count) }
        let places = Set(chosen)
        if let wrong = places.first(where: { !(0..<count).contains($0) }) {
            throw ControllerError(.keyIndex, "there is no key \(wrong), only 0 to \(count - 1)")
        }
        guard places.count == chosen.count, !places.isEmpty else {
            throw ControllerError(.keyIndex, "each key is named once, and at least one")
        }
        return places.sorted()
    }

    /// Refuses a threshold that all keys together can't reach.
    static func require(_ threshold: Threshold, fits count: Int, _ name: String) throws(ControllerError) {
        if count == 0, threshold == .count(0) { return }
        guard count > 0, threshold.minimumKeys <= count, threshold.isSatisfied(by: SignerSet(0..<count)) else {
            throw ControllerError(
                .thresholdTooHigh, "the \(name) \(threshold.summary) does not fit \(count) key\(count == 1 ? "" : "s")")
        }
    }

    /// Refuses a witness threshold that does not fit the list (facts 7.1).
    static func require(_ threshold: UInt32, fits witnesses: [AID]) throws(ControllerError) {
        if let key = witnesses.first(where: { !$0.isNonTransferable }) {
            throw ControllerError(.witness, "\(key) is no witness: its keys can be rotated")
        }
        guard witnesses.isEmpty ? threshold == 0 : threshold >= 1 && Int(threshold) <= witnesses.count else {
            throw ControllerError(.witness, "the threshold \(threshold) does not fit \(witnesses.count) witnesses")
        }
    }
}
