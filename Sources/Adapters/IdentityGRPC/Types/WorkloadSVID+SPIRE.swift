// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import JOSE
internal import KelmarkBytes
internal import NodeAgent
internal import SPIFFE
internal import SPIREAPI

extension Spire_Api_Types_X509SVID {
    init(_ svid: WorkloadSVID) {
        self.init()
        certChain = svid.chain.map { Data($0.der) }
        id = Spire_Api_Types_SPIFFEID(svid.id)
        expiresAt = svid.chain.first?.notAfter.seconds ?? 0
        hint = svid.hint
    }
}

extension Spire_Api_Types_JWTSVID {
    init(_ token: WorkloadToken) {
        self.init()
        self.token = token.token
        id = Spire_Api_Types_SPIFFEID(token.id)
        hint = token.hint
        // The agent made the token, or had it made; its times are read, not judged.
        guard let payload = try? UnverifiedJWS(compact: token.token).unverifiedPayload,
            let claims = try? OrderedValue(parsingJSON: payload.span, strictness: .interoperable)
        else { return }
        expiresAt = claims["exp"]?.integerValue.map(Int64.init) ?? 0
        issuedAt = claims["iat"]?.integerValue.map(Int64.init) ?? 0
    }
}
