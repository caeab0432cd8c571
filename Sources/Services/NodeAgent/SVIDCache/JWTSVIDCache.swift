// SPDX-License-Identifier: Apache-2.0

private import Crypto
internal import SPIFFE

/// Tokens that were issued, for who asks again. Pure. Facts (SPIFFE) 8.3, 20.3.
struct JWTSVIDCache: Sendable {
    /// Which identity, and for whom the token is: the order of the audiences does not matter.
    struct Key: Hashable, Sendable {
        private let digest: [UInt8]

        init(entryID: String, id: SPIFFEID, audience: [String]) {
            var hash = SHA256()
            // Each part with its length before it, so that no two lists of parts give the same bytes.
            let audience = Set(audience.map { Array($0.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
            for bytes in [Array(entryID.utf8), Array(id.description.utf8)] + audience {
                withUnsafeBytes(of: UInt64(bytes.count).bigEndian) { hash.update(bufferPointer: $0) }
                hash.update(data: bytes)
            }
            digest = Array(hash.finalize())
        }
    }

    private struct Held: Sendable {
        let issued: IssuedJWTSVID
        let keyID: String
        var usedAt: UInt64
    }

    /// By how many seconds the issuer's clock may be ahead of the agent's.
    static let toleratedSkew: Int64 = 60

    private let capacity: Int
    private var tokens: [Key: Held] = [:]
    private var uses: UInt64 = 0

    init(capacity: Int) { self.capacity = max(1, capacity) }

    var count: Int { tokens.count }

    /// A token that is still valid, and whether it is young enough not to be replaced: in the first half of its life.
    mutating func token(for key: Key, at now: CertificateTime) -> (issued: IssuedJWTSVID, isFresh: Bool)? {
        guard var held = tokens[key] else { return nil }
        guard held.issued.expiresAt > now else {
            tokens[key] = nil
            return nil
        }
        uses += 1
        held.usedAt = uses
        tokens[key] = held
        let half = (held.issued.expiresAt.seconds - held.issued.issuedAt.seconds) / 2
        let (issuedAt, freshUntil) = (held.issued.issuedAt, held.issued.issuedAt.advanced(by: half))
        // One from further ahead was issued while the clocks were ahead; who checks it now may find it too young.
        return (held.issued, issuedAt <= now.advanced(by: Self.toleratedSkew) && freshUntil > now)
    }

    /// Keeps a token; the one that nobody used for longest makes room.
    mutating func put(_ issued: IssuedJWTSVID, keyID: String, for key: Key) {
        uses += 1
        tokens[key] = Held(issued: issued, keyID: keyID, usedAt: uses)
        guard tokens.count > capacity, let oldest = tokens.min(by: { $0.value.usedAt < $1.value.usedAt }) else {
            return
        }
        tokens[oldest.key] = nil
    }

    /// Forgets every token whose signing key is not among the trusted ones any more.
    mutating func keepOnly(keyIDs: Set<String>) {
        tokens = tokens.filter { keyIDs.contains($0.value.keyID) }
    }
}
