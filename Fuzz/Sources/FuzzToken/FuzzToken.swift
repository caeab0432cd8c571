// SPDX-License-Identifier: Apache-2.0

internal import FuzzSupport
internal import JOSE
internal import SPIFFE

/// A token, read as JWS, JWT-SVID and WIT-SVID, and judged by a key that signed none.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzToken(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        let text = String(decoding: input, as: UTF8.self)
        let jwt = try? UnverifiedJWTSVID(parsing: text)
        let wit = try? UnverifiedWITSVID(parsing: text)
        property(jwt == nil || wit == nil, "no token is of both kinds")
        guard let token = try? UnverifiedJWS(compact: text) else {
            property(jwt == nil && wit == nil, "an SVID is a signed token")
            return
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        property(parts.count == 3, "a token has three parts")
        property(
            Array(parts[0].utf8) + [0x2e] + Array(parts[1].utf8) == token.signingInput, "what is signed is what came")
        property(token.header.members["crit"] == nil, "nothing is critical")
        property((try? token.verified(by: Stranger.key)) == nil, "nobody signed for a key that was made just now")
        guard let jwt, let time = CertificateTime(seconds: 1_800_000_000) else { return }
        let bundle = try? TrustBundle(
            trustDomain: jwt.subject.trustDomain,
            jwtAuthorities: [TokenAuthority(keyID: token.header.keyID ?? "k", key: Stranger.key)])
        guard let bundle else { return }
        let outcome = jwt.verified(audience: "reports", against: bundle.jwtBundle, at: time)
        property(outcome.svid == nil && !outcome.faults.isEmpty, "a stranger's key verifies nothing")
    }
}

private enum Stranger {
    static let key: PublicKey = {
        guard let key = try? PrivateKey(generating: .p256) else { fatalError("no key") }
        return key.publicKey
    }()
}
