// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1

/// Which key a PKCS#8 `PrivateKeyInfo` (RFC 5208, RFC 5958) holds.
struct PrivateKeyAlgorithm {
    enum Kind {
        case p256, p384, p521, rsa
        /// With its 32-byte seed.
        case ed25519([UInt8])
        case unknown
    }

    let kind: Kind

    init(der: [UInt8]) throws {
        kind = try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
            guard let version = nodes.next(), let algorithm = nodes.next(), let key = nodes.next() else {
                throw KeyError(.malformed)
            }
            guard try Int(derEncoded: version) <= 1 else { throw KeyError(.malformed) }
            // Attributes, and the public key of RFC 5958, say nothing that the private key does not.
            while nodes.next() != nil {}
            let octets = Array(try ASN1OctetString(derEncoded: key).bytes)
            return try DER.sequence(algorithm, identifier: .sequence) { fields in
                guard let name = fields.next() else { throw KeyError(.malformed) }
                let parameters = fields.next()
                switch try ASN1ObjectIdentifier(derEncoded: name) {
                case [1, 2, 840, 10045, 2, 1]:
                    guard let parameters else { throw KeyError(.malformed) }
                    switch try ASN1ObjectIdentifier(derEncoded: parameters) {
                    case [1, 2, 840, 10045, 3, 1, 7]: return .p256
                    case [1, 3, 132, 0, 34]: return .p384
                    case [1, 3, 132, 0, 35]: return .p521
                    default: return .unknown
                    }
                case [1, 2, 840, 113549, 1, 1, 1]: return .rsa
                case [1, 3, 101, 112]:
                    return .ed25519(Array(try ASN1OctetString(derEncoded: octets).bytes))
                default: return .unknown
                }
            }
        }
    }
}
