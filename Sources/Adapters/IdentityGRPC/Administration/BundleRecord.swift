// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import SPIREAPI
internal import SwiftProtobuf

/// The authorities of a trust domain as the API has them.
package struct BundleRecord: Hashable, Sendable {
    package var trustDomain: String
    package var x509Authorities: [Certificate] = []
    package var jwtAuthorities: [Key] = []
    package var witAuthorities: [Key] = []
    /// Seconds; 0 for none.
    package var refreshHint: Int64 = 0
    package var sequence: UInt64 = 0

    /// A certificate at which X.509-SVIDs end.
    package struct Certificate: Hashable, Sendable {
        package var der: [UInt8]
        package var isTainted: Bool

        package init(der: [UInt8], isTainted: Bool = false) {
            self.der = der
            self.isTainted = isTainted
        }
    }

    /// A key that signs tokens.
    package struct Key: Hashable, Sendable {
        /// `SubjectPublicKeyInfo` in DER.
        package var publicKey: [UInt8]
        package var keyID: String
        /// Seconds since 1970; 0 for unknown.
        package var expiresAt: Int64
        package var isTainted: Bool

        package init(publicKey: [UInt8], keyID: String, expiresAt: Int64 = 0, isTainted: Bool = false) {
            self.publicKey = publicKey
            self.keyID = keyID
            self.expiresAt = expiresAt
            self.isTainted = isTainted
        }
    }

    package init(trustDomain: String) { self.trustDomain = trustDomain }
}

extension BundleRecord {
    init(_ bundle: Spire_Api_Types_Bundle) {
        trustDomain = bundle.trustDomain
        x509Authorities = bundle.x509Authorities.map { Certificate(der: Array($0.asn1), isTainted: $0.tainted) }
        jwtAuthorities = bundle.jwtAuthorities.map {
            Key(publicKey: Array($0.publicKey), keyID: $0.keyID, expiresAt: $0.expiresAt, isTainted: $0.tainted)
        }
        witAuthorities = bundle.witAuthorities.map {
            Key(publicKey: Array($0.publicKey), keyID: $0.keyID, expiresAt: $0.expiresAt, isTainted: $0.tainted)
        }
        refreshHint = bundle.refreshHint
        sequence = bundle.sequenceNumber
    }

    var message: Spire_Api_Types_Bundle {
        .with {
            $0.trustDomain = trustDomain
            $0.x509Authorities = x509Authorities.map { authority in
                .with {
                    $0.asn1 = Data(authority.der)
                    $0.tainted = authority.isTainted
                }
            }
            $0.jwtAuthorities = jwtAuthorities.map { key in
                .with {
                    $0.publicKey = Data(key.publicKey)
                    $0.keyID = key.keyID
                    $0.expiresAt = key.expiresAt
                    $0.tainted = key.isTainted
                }
            }
            $0.witAuthorities = witAuthorities.map { key in
                .with {
                    $0.publicKey = Data(key.publicKey)
                    $0.keyID = key.keyID
                    $0.expiresAt = key.expiresAt
                    $0.tainted = key.isTainted
                }
            }
            $0.refreshHint = refreshHint
            $0.sequenceNumber = sequence
        }
    }
}
