// SPDX-License-Identifier: Apache-2.0

internal import CESR

/// Results of signature checks that were made ahead of a decision, perhaps on another thread.
///
/// A result belongs to one signature of one message and one key. A decision uses it only when it would check the same
/// signature with the same key; otherwise it checks by itself, so a wrong guess costs time and nothing else.
struct SignatureChecks: Sendable {
    struct Result: Sendable {
        let key: VerificationKey
        let isValid: Bool
    }

    /// One for each attached controller signature, in order; nil where no key could be guessed.
    var controllers: [Result?] = []
    /// One for each attached witness signature, in order.
    var witnesses: [Result?] = []

    static let none = SignatureChecks()
}

/// Signatures of one list that verify, one for each place in the key list.
struct VerifiedSignatures {
    private(set) var signatures: [IndexedSignature] = []
    private(set) var signers = SignerSet()
    /// Places in the prior list of next digests whose keys signed (facts 7.3, rule 7).
    private(set) var revealed = SignerSet()

    /// Checks `attached` over `message` with the keys that `key` names for their indexes.
    ///
    /// Signatures without a key are ignored (facts 17). A signer counts once: a second signature of an index is looked
    /// at only if it reveals a key of `digests` that no other has revealed. That must be so, for a signature does not
    /// cover its code: anybody could send a good one again as a current-only one, ahead of the original.
    init(
        _ attached: [IndexedSignature], over message: [UInt8], known: [SignatureChecks.Result?],
        revealing digests: [KeyDigest] = [], key: (Int) -> VerificationKey?
    ) {
        for (place, signature) in attached.enumerated() {
            guard let key = key(signature.index) else { continue }
            var ondex: Int?
            if let place = signature.ondex, place < digests.count, !revealed.contains(place),
                digests[place].commits(to: key)
            {
                ondex = place
            }
            guard ondex != nil || !signers.contains(signature.index) else { continue }
            let isValid: Bool
            if place < known.count, let result = known[place], result.key == key {
                isValid = result.isValid
            } else {
                isValid = key.verifies(signature, over: message.span)
            }
            guard isValid else { continue }
            signers.insert(signature.index)
            if let ondex { revealed.insert(ondex) }
            signatures.append(signature)
        }
    }
}

extension [VerificationKey] {
    /// The key at a place, or nil outside the list.
    func at(_ place: Int) -> VerificationKey? { place < count ? self[place] : nil }
}

extension [AID] {
    /// The key of the witness at a place; nil outside the list, and for an AID that is no key.
    func key(at place: Int) -> VerificationKey? { place < count ? self[place].key : nil }
}
