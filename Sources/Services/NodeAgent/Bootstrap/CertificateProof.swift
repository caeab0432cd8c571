// SPDX-License-Identifier: Apache-2.0

private import Crypto
public import JOSE
private import KelmarkBytes
private import KelmarkCrypto
private import SPIFFE

/// Proves which node this is by a certificate that the node has from elsewhere, and its key (`x509pop`).
///
/// Both sides give 32 random bytes; what is signed is the SHA-256 of the issuer's, then ours. Facts (SPIFFE) 12.3.
public struct CertificateProof: NodeProof {
    private let chain: [[UInt8]]
    private let key: PrivateKey
    private let algorithm: JWSAlgorithm
    private let nonce: @Sendable () throws -> [UInt8]

    /// How many random bytes either side gives.
    static let nonceByteCount = 32

    /// Proves it by a chain in DER, leaf first, and the leaf's key.
    /// - Throws: ``AttestorError`` when the key is not the leaf's, or of a kind that can't be used.
    public init(chain: [[UInt8]], key: PrivateKey) throws {
        try self.init(chain: chain, key: key) { try RandomBytes.generate(count: Self.nonceByteCount) }
    }

    init(chain: [[UInt8]], key: PrivateKey, nonce: @escaping @Sendable () throws -> [UInt8]) throws {
        guard let leaf = chain.first, let certificate = try? X509Certificate(der: leaf) else {
            throw AttestorError("the node's certificate can't be read")
        }
        guard (try? PublicKey(subjectPublicKeyInfo: certificate.subjectPublicKeyInfo)) == key.publicKey else {
            throw AttestorError("the node's key is not the one of its certificate")
        }
        switch key.publicKey.kind {
        // The digest is SHA-256 whatever the key: other curves would have to sign a foreign digest.
        case .p256: algorithm = .es256
        case .rsa: algorithm = .ps256
        default: throw AttestorError("a node's key is P-256 or RSA")
        }
        self.chain = chain
        self.key = key
        self.nonce = nonce
    }

    /// The chain.
    public func data() throws -> NodeAttestationData {
        var map = OrderedMap()
        map["certificates"] = .list(chain.map { .text(StandardBase64.encodedString($0)) })
        return NodeAttestationData(type: "x509pop", payload: try map.encoded(as: .json))
    }

    /// The signature over both random values.
    public func answer(_ challenge: [UInt8]) throws -> [UInt8] {
        let limits = Limits(bodyBytes: 4096, nestingDepth: 4, documentValues: 16)
        let name = algorithm == .es256 ? "ecdsa_signature" : "rsa_signature"
        guard challenge.count <= limits.bodyBytes,
            let value = try? OrderedValue(parsingJSON: challenge.span, strictness: .interoperable, limits: limits),
            let theirs = value.value(at: name, "nonce")?.textValue.flatMap(StandardBase64.decode),
            theirs.count == Self.nonceByteCount
        else { throw AttestorError("the issuer's challenge is not understood") }
        let ours = try nonce()
        let signature = try key.signature(over: theirs + ours, algorithm: algorithm)
        var answer = OrderedMap()
        answer["nonce"] = .text(StandardBase64.encodedString(ours))
        if algorithm == .es256 {
            answer["r"] = .text(Self.magnitude(signature.prefix(32)))
            answer["s"] = .text(Self.magnitude(signature.suffix(32)))
        } else {
            answer["signature"] = .text(StandardBase64.encodedString(signature))
        }
        var map = OrderedMap()
        map[name] = .map(answer)
        return try map.encoded(as: .json)
    }

    /// A number without leading zeros.
    private static func magnitude(_ bytes: ArraySlice<UInt8>) -> String {
        StandardBase64.encodedString(Array(bytes.drop { $0 == 0 }))
    }
}
