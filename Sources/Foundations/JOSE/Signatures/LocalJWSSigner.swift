// SPDX-License-Identifier: Apache-2.0

/// A private key in memory, bound to the one algorithm that it signs tokens with.
public struct LocalJWSSigner: JWSSigner {
    private let key: PrivateKey
    /// The algorithm of the signatures.
    public let algorithm: JWSAlgorithm

    /// Binds a key to an algorithm, the usual one of its kind unless named.
    /// - Throws: ``JWSError/Code/keyMismatch`` when no algorithm of ours, or not this one, fits the key.
    public init(_ key: PrivateKey, algorithm: JWSAlgorithm? = nil) throws(JWSError) {
        guard let algorithm = algorithm ?? .usual(for: key.publicKey.kind), algorithm.fits(key.publicKey.kind) else {
            throw JWSError(.keyMismatch, "\(key.publicKey.kind)")
        }
        self.key = key
        self.algorithm = algorithm
    }

    /// The public half.
    public var publicKey: PublicKey { key.publicKey }

    /// Signs in memory.
    /// - Throws: ``JWSError/Code/signer`` when the library refuses.
    public func signature(over signingInput: [UInt8]) throws(JWSError) -> [UInt8] {
        try key.signature(over: signingInput, algorithm: algorithm)
    }
}
