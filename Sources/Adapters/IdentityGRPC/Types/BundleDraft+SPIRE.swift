// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import JOSE
internal import SPIFFE
internal import SPIREAPI

extension BundleMask {
    init(_ wire: Spire_Api_Types_BundleMask) {
        let members: [(Bool, BundleMask)] = [
            (wire.x509Authorities, .x509Authorities), (wire.jwtAuthorities, .jwtAuthorities),
            (wire.witAuthorities, .witAuthorities), (wire.refreshHint, .refreshHint),
            (wire.sequenceNumber, .sequence),
        ]
        self = members.reduce(into: []) { if $1.0 { $0.insert($1.1) } }
    }
}

extension BundleDraft {
    init(_ wire: Spire_Api_Types_Bundle) {
        self.init(trustDomain: wire.trustDomain)
        x509Authorities = wire.x509Authorities.map { Authority(der: Array($0.asn1), isTainted: $0.tainted) }
        jwtAuthorities = wire.jwtAuthorities.map {
            Key(keyID: $0.keyID, publicKey: Array($0.publicKey), expiresAt: $0.expiresAt, isTainted: $0.tainted)
        }
        witAuthorities = wire.witAuthorities.map {
            Key(keyID: $0.keyID, publicKey: Array($0.publicKey), expiresAt: $0.expiresAt, isTainted: $0.tainted)
        }
        refreshHint = wire.refreshHint
        sequence = wire.sequenceNumber
    }
}

extension X509Certificate {
    /// A certificate that a caller sent.
    /// - Throws: `invalidArgument`.
    init(_ wire: Spire_Api_Types_X509Certificate) throws(IssuerError) {
        do {
            try self.init(der: Array(wire.asn1))
        } catch {
            throw IssuerError(.invalidArgument, "invalid X.509 authority: \(error)")
        }
    }
}

extension TokenAuthority {
    /// A key that a caller sent. Nobody but this issuer taints its keys.
    /// - Throws: `invalidArgument`.
    init(_ wire: Spire_Api_Types_JWTKey) throws(IssuerError) {
        guard wire.expiresAt >= 0 else {
            throw IssuerError(.invalidArgument, "invalid JWT authority: expiration is negative")
        }
        do {
            try self.init(
                keyID: wire.keyID, key: try PublicKey(subjectPublicKeyInfo: Array(wire.publicKey)),
                expiresAt: wire.expiresAt == 0 ? nil : wire.expiresAt)
        } catch let error as BundleError {
            throw IssuerError(.invalidArgument, "invalid JWT authority: \(error)")
        } catch {
            throw IssuerError(.invalidArgument, "invalid JWT authority: malformed public key", cause: error)
        }
    }
}
