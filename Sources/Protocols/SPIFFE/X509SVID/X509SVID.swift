// SPDX-License-Identifier: Apache-2.0

public import JOSE

/// An X.509-SVID of one's own: the chain with the key that only its owner has.
public struct X509SVID: Sendable {
    /// Who one is.
    public let id: SPIFFEID
    /// Leaf first; authorities of the bundle left out.
    public let chain: [X509Certificate]
    /// The leaf's private key.
    public let privateKey: PrivateKey
    /// What the identity is for, where there are several; empty for none.
    public let hint: String

    /// Reads an SVID and its key, strictly: what we would not accept of ourselves is not used.
    ///
    /// Whether the chain ends at an authority is not judged here: that needs a bundle and a time.
    /// - Throws: ``X509SVIDError``: no or too many certificates, one that can't be read, a broken rule of the leaf, an
    ///   issuer that is none, a key that can't be read or is another's.
    public init(chain: [[UInt8]], pkcs8: [UInt8], hint: String = "") throws(X509SVIDError) {
        guard !chain.isEmpty else { throw .refused([X509SVIDFault(.emptyChain)]) }
        guard chain.count <= X509SVIDOutcome.longestChain else { throw .refused([X509SVIDFault(.chainTooLong)]) }
        var certificates: [X509Certificate] = []
        for (index, der) in chain.enumerated() {
            do {
                certificates.append(try X509Certificate(der: der))
            } catch {
                throw .refused([X509SVIDFault(.malformed, "certificate \(index)", detail: error.description)])
            }
        }
        let (id, leafFaults) = LeafProfile.check(certificates[0])
        let faults = leafFaults + certificates.dropFirst().flatMap(AuthorityProfile.check)
        guard let id, faults.isEmpty else { throw .refused(faults) }
        let key: PrivateKey
        do {
            key = try PrivateKey(pkcs8: pkcs8)
        } catch {
            throw .privateKey(error)
        }
        guard (try? PublicKey(subjectPublicKeyInfo: certificates[0].subjectPublicKeyInfo)) == key.publicKey else {
            throw .keyMismatch
        }
        self.id = id
        self.chain = certificates
        privateKey = key
        self.hint = hint
    }

    /// Reads an SVID as the Workload API carries it: the chain in DER, one certificate behind the other.
    /// - Throws: ``X509SVIDError``.
    public init(concatenatedDER chain: [UInt8], pkcs8: [UInt8], hint: String = "") throws(X509SVIDError) {
        let parts: [[UInt8]]
        do {
            parts = try CertificateEncoding.certificates(inConcatenatedDER: chain)
        } catch {
            throw .refused([X509SVIDFault(.malformed, detail: error.description)])
        }
        try self.init(chain: parts, pkcs8: pkcs8, hint: hint)
    }

    /// The certificate of the identity itself.
    public var leaf: X509Certificate { chain[0] }
}

/// Why a chain and a key are no SVID of one's own.
public enum X509SVIDError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Broken rules of the certificates.
    case refused([X509SVIDFault])
    /// The key can't be read.
    case privateKey(KeyError)
    /// The key is not the leaf's.
    case keyMismatch

    /// The broken rules.
    public var description: String {
        switch self {
        case .refused(let faults): faults.map(\.description).joined(separator: "; ")
        case .privateKey(let error): "private-key: \(error)"
        case .keyMismatch: "private-key-mismatch"
        }
    }
}
