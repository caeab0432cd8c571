// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JOSE
internal import SPIFFE
internal import SPIREAPI

extension TrustBundle {
    /// Reads a bundle as an issuer or an operator sends it. 0 stands for no sequence and no hint.
    /// - Throws: ``MessageFault``; no bundle is made of the rest.
    init(_ message: Spire_Api_Types_Bundle) throws(MessageFault) {
        let domain: TrustDomain
        do {
            domain = try TrustDomain(nameOrID: message.trustDomain)
        } catch {
            throw MessageFault("trust_domain", error)
        }
        var x509: [X509Authority] = []
        for authority in message.x509Authorities {
            do {
                // SPIRE allows several certificates one behind the other in one member.
                for der in try CertificateEncoding.certificates(inConcatenatedDER: Array(authority.asn1)) {
                    x509.append(X509Authority(try X509Certificate(der: der), isTainted: authority.tainted))
                }
            } catch {
                throw MessageFault("x509_authorities", error)
            }
        }
        var jwt: [TokenAuthority] = []
        for key in message.jwtAuthorities {
            jwt.append(
                try Self.authority(key.keyID, key.publicKey, key.expiresAt, key.tainted, "jwt_authorities"))
        }
        var wit: [TokenAuthority] = []
        for key in message.witAuthorities {
            wit.append(
                try Self.authority(key.keyID, key.publicKey, key.expiresAt, key.tainted, "wit_authorities"))
        }
        do {
            try self.init(
                trustDomain: domain, x509Authorities: x509, jwtAuthorities: jwt, witAuthorities: wit,
                sequence: message.sequenceNumber == 0 ? nil : message.sequenceNumber,
                refreshHint: message.refreshHint == 0 ? nil : message.refreshHint)
        } catch {
            throw MessageFault("bundle", error)
        }
    }

    private static func authority(
        _ keyID: String, _ key: Data, _ expiresAt: Int64, _ isTainted: Bool, _ member: String
    ) throws(MessageFault) -> TokenAuthority {
        do {
            return try TokenAuthority(
                keyID: keyID, key: try PublicKey(subjectPublicKeyInfo: Array(key)),
                expiresAt: expiresAt == 0 ? nil : expiresAt, isTainted: isTainted)
        } catch {
            throw MessageFault(member, error)
        }
    }
}

extension Spire_Api_Types_Bundle {
    /// A bundle with the members of a mask; without a mask, with all.
    init(_ bundle: TrustBundle, mask: Spire_Api_Types_BundleMask? = nil) {
        self.init()
        trustDomain = bundle.trustDomain.name
        if mask?.x509Authorities ?? true {
            x509Authorities = bundle.x509Authorities.map { authority in
                var message = Spire_Api_Types_X509Certificate()
                message.asn1 = Data(authority.certificate.der)
                message.tainted = authority.isTainted
                return message
            }
        }
        if mask?.jwtAuthorities ?? true { jwtAuthorities = bundle.jwtAuthorities.map(Spire_Api_Types_JWTKey.init) }
        if mask?.witAuthorities ?? true {
            witAuthorities = bundle.witAuthorities.map { authority in
                var message = Spire_Api_Types_WITKey()
                message.keyID = authority.keyID
                message.publicKey = Data(authority.key.subjectPublicKeyInfo)
                message.expiresAt = authority.expiresAt ?? 0
                message.tainted = authority.isTainted
                return message
            }
        }
        if mask?.refreshHint ?? true { refreshHint = bundle.refreshHint ?? 0 }
        if mask?.sequenceNumber ?? true { sequenceNumber = bundle.sequence ?? 0 }
    }
}

extension Spire_Api_Types_JWTKey {
    /// A key that signs JWT-SVIDs.
    init(_ authority: TokenAuthority) {
        self.init()
        keyID = authority.keyID
        publicKey = Data(authority.key.subjectPublicKeyInfo)
        expiresAt = authority.expiresAt ?? 0
        tainted = authority.isTainted
    }
}
