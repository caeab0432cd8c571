// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Issuer
internal import SPIFFE
internal import SPIREAPI

extension Spire_Api_Types_X509SVID {
    init(_ svid: AgentSVID) {
        self.init()
        certChain = svid.chain.map { Data($0) }
        id = Spire_Api_Types_SPIFFEID(svid.id)
        expiresAt = svid.expiresAt.seconds
    }

    init(_ svid: IssuedX509SVID, hint: String = "") {
        self.init()
        certChain = svid.chain.map { Data($0.der) }
        id = Spire_Api_Types_SPIFFEID(svid.id)
        expiresAt = svid.leaf.notAfter.seconds
        self.hint = hint
    }
}

extension Spire_Api_Types_JWTSVID {
    init(_ svid: IssuedJWTSVID, hint: String = "") {
        self.init()
        token = svid.token
        id = Spire_Api_Types_SPIFFEID(svid.id)
        expiresAt = svid.expiresAt.seconds
        issuedAt = svid.issuedAt.seconds
        self.hint = hint
    }
}

extension Spire_Api_Server_Localauthority_V1_AuthorityState {
    init(_ entry: AuthorityEntry) {
        self.init()
        authorityID = entry.authorityID
        expiresAt = entry.notAfter.seconds
        upstreamAuthoritySubjectKeyID = entry.upstreamAuthorityID ?? ""
    }
}
