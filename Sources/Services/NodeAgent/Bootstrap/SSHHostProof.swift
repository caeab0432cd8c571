// SPDX-License-Identifier: Apache-2.0

private import Crypto
private import JOSE
private import KelmarkBytes
private import KelmarkCrypto

/// Proves the node by the key of its SSH server and the certificate of an authority for it (`sshpop`).
///
/// Both sides give 32 random bytes; what is signed is the SHA-256 of the issuer's, then ours. Facts (SPIFFE) 12.3.
public struct SSHHostProof: NodeProof {
    /// Most bytes of either file.
    public static let largestFile = SSHHostKey.largestFile

    /// How many random bytes either side gives.
    static let nonceByteCount = 32

    private let certificate: [UInt8]
    private let key: SSHHostKey
    private let nonce: @Sendable () throws -> [UInt8]

    /// Proves it by a certificate, one line as `ssh-keygen -s` writes it, and the private key that it is for.
    /// - Throws: ``AttestorError`` when either can't be read, or the certificate is for another key.
    public init(certificate: [UInt8], key: [UInt8]) throws(AttestorError) {
        try self.init(certificate: certificate, key: key) { try RandomBytes.generate(count: Self.nonceByteCount) }
    }

    init(
        certificate: [UInt8], key: [UInt8], nonce: @escaping @Sendable () throws -> [UInt8]
    ) throws(AttestorError) {
        self.key = try SSHHostKey(file: key)
        self.certificate = try Self.wire(of: certificate, for: self.key)
        self.nonce = nonce
    }

    /// The binary form of a certificate: type, the authority's random value, then the members of the key.
    private static func wire(of file: [UInt8], for key: SSHHostKey) throws(AttestorError) -> [UInt8] {
        let words = file.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d }
        guard file.count <= largestFile, words.count >= 2,
            let wire = StandardBase64.decode(String(decoding: words[1], as: UTF8.self))
        else { throw AttestorError("the SSH certificate can't be read") }
        var reader = SSHWireReader(wire)
        guard (try? reader.text()) == key.algorithm + "-cert-v01@openssh.com", (try? reader.string()) != nil,
            wire[reader.offset...].starts(with: key.publicMembers)
        else { throw AttestorError("the SSH certificate is not one of the node's key") }
        return wire
    }

    /// The certificate.
    public func data() throws -> NodeAttestationData {
        var map = OrderedMap()
        map["Certificate"] = .text(StandardBase64.encodedString(certificate))
        return NodeAttestationData(type: "sshpop", payload: try map.encoded(as: .json))
    }

    /// The signature over both random values.
    public func answer(_ challenge: [UInt8]) throws -> [UInt8] {
        let limits = Limits(bodyBytes: 4096, nestingDepth: 4, documentValues: 16)
        guard challenge.count <= limits.bodyBytes,
            let value = try? OrderedValue(parsingJSON: challenge.span, strictness: .interoperable, limits: limits),
            let theirs = value["Nonce"]?.textValue.flatMap(StandardBase64.decode),
            theirs.count == Self.nonceByteCount
        else { throw AttestorError("the issuer's challenge is not understood") }
        let ours = try nonce()
        // The digest itself is the message: the signature scheme hashes it once more.
        let (format, blob) = try key.signature(over: Array(SHA256.hash(data: theirs + ours)))
        var signature = OrderedMap()
        signature["Format"] = .text(format)
        signature["Blob"] = .text(StandardBase64.encodedString(blob))
        signature["Rest"] = .null
        var map = OrderedMap()
        map["Nonce"] = .text(StandardBase64.encodedString(ours))
        map["Signature"] = .map(signature)
        return try map.encoded(as: .json)
    }
}
