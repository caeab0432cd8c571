// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// A certificate of OpenSSH (PROTOCOL.certkeys) as received. Reading proves its form and nothing else.
struct SSHHostCertificate: Sendable {
    /// Largest certificate that is read.
    static let largest = 64 << 10
    /// Most names of one certificate.
    static let mostPrincipals = 256
    /// The number of host certificates; users' have another.
    static let hostKind: UInt32 = 2

    /// The bytes as received.
    let wire: [UInt8]
    let key: SSHPublicKey
    let kind: UInt32
    let principals: [String]
    /// Seconds since 1970 from which on it counts, and at which it ends.
    let validAfter: UInt64
    let validBefore: UInt64
    let criticalOptions: [UInt8]
    let authority: SSHPublicKey
    private let signatureFormat: String
    private let signatureBlob: [UInt8]
    private let signedCount: Int

    /// - Throws: `invalidArgument` for bytes that are no certificate.
    init(wire: [UInt8]) throws(IssuerError) {
        do {
            guard wire.count <= Self.largest else { throw SSHReader.Malformed() }
            var reader = SSHReader(wire)
            let name = try reader.text()
            guard let algorithm = SSHPublicKey.Algorithm.allCases.first(where: { $0.certificateName == name }) else {
                throw SSHReader.Malformed()
            }
            _ = try reader.string()  // The authority's nonce.
            key = try SSHPublicKey(algorithm, from: &reader)
            _ = try reader.uint64()  // The serial number.
            kind = try reader.uint32()
            _ = try reader.string()  // A name for logs.
            principals = try reader.strings()
            validAfter = try reader.uint64()
            validBefore = try reader.uint64()
            criticalOptions = try reader.string()
            _ = try reader.string()  // Extensions: only for users.
            _ = try reader.string()  // Reserved.
            let authorityWire = try reader.string()
            signedCount = reader.offset
            var signature = SSHReader(try reader.string())
            try reader.end()
            signatureFormat = try signature.text()
            signatureBlob = try signature.string()
            try signature.end()
            var authorityReader = SSHReader(authorityWire)
            // Authorities are plain keys: certificates do not chain.
            guard let authorityAlgorithm = SSHPublicKey.Algorithm(rawValue: try authorityReader.text()) else {
                throw SSHReader.Malformed()
            }
            authority = try SSHPublicKey(authorityAlgorithm, from: &authorityReader)
            try authorityReader.end()
            guard principals.count <= Self.mostPrincipals else { throw SSHReader.Malformed() }
            self.wire = wire
        } catch {
            throw IssuerError(.invalidArgument, "the SSH certificate can't be read")
        }
    }

    /// Whether the authority's key signed the certificate. SHA-1 never counts here.
    var isSigned: Bool {
        authority.isSignature(
            signatureBlob, format: signatureFormat, of: Array(wire[..<signedCount]), allowsSHA1: false)
    }

    /// SHA-256 of the whole certificate.
    var fingerprint: [UInt8] { Array(SHA256.hash(data: wire)) }
}
