// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1

/// Which public key a `subjectPublicKeyInfo` holds.
public enum PublicKeyKind: Hashable, Sendable, CustomStringConvertible {
    /// NIST P-256.
    case p256
    /// NIST P-384.
    case p384
    /// NIST P-521.
    case p521
    /// Ed25519.
    case ed25519
    /// RSA with a modulus of so many bits.
    case rsa(bits: Int)

    /// Shortest RSA modulus that is accepted anywhere, in bits.
    public static let shortestRSA = 2048
    /// Longest RSA modulus that is accepted anywhere, in bits: longer ones only cost time.
    public static let longestRSA = 8192

    /// Reads the kind from DER; nil when it is none of ours, or an RSA key shorter or longer than the bounds.
    public init?(subjectPublicKeyInfo der: [UInt8]) {
        let parts = try? DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
            guard let algorithm = nodes.next(), let key = nodes.next() else { throw X509CertificateError(.publicKey) }
            let identifiers = try DER.sequence(algorithm, identifier: .sequence) { fields in
                guard let name = fields.next() else { throw X509CertificateError(.publicKey) }
                let parameters = fields.next()
                return (
                    try ASN1ObjectIdentifier(derEncoded: name),
                    parameters?.identifier == .objectIdentifier
                        ? try parameters.map { try ASN1ObjectIdentifier(derEncoded: $0) } : nil
                )
            }
            let bits = try ASN1BitString(derEncoded: key)
            guard bits.paddingBits == 0 else { throw X509CertificateError(.publicKey) }
            return (identifiers, Array(bits.bytes))
        }
        guard let ((algorithm, parameters), key) = parts else { return nil }
        switch (algorithm, parameters) {
        case ([1, 2, 840, 10045, 2, 1], [1, 2, 840, 10045, 3, 1, 7]): self = .p256
        case ([1, 2, 840, 10045, 2, 1], [1, 3, 132, 0, 34]): self = .p384
        case ([1, 2, 840, 10045, 2, 1], [1, 3, 132, 0, 35]): self = .p521
        case ([1, 3, 101, 112], nil): self = .ed25519
        case ([1, 2, 840, 113549, 1, 1, 1], nil):
            guard let bits = Self.modulusBits(key), (Self.shortestRSA...Self.longestRSA).contains(bits) else {
                return nil
            }
            self = .rsa(bits: bits)
        default: return nil
        }
    }

    private static func modulusBits(_ key: [UInt8]) -> Int? {
        let modulus = try? DER.sequence(try DER.parse(key), identifier: .sequence) { nodes in
            guard let modulus = nodes.next(), nodes.next() != nil else { throw X509CertificateError(.publicKey) }
            return try ArraySlice<UInt8>(derEncoded: modulus)
        }
        guard let modulus else { return nil }
        let significant = modulus.drop { $0 == 0 }
        return significant.count * 8 - (significant.first?.leadingZeroBitCount ?? 0)
    }

    /// The usual short name.
    public var description: String {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        case .ed25519: "Ed25519"
        case .rsa(let bits): "RSA-\(bits)"
        }
    }
}
