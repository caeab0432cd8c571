// SPDX-License-Identifier: Apache-2.0

import JOSE
import KelmarkBytes
import Testing

@testable import SPIFFE

struct TrustBundleTests {
    static let domain = try! TrustDomain("example.org")
    static let keys = try! [PrivateKey(generating: .p256), PrivateKey(generating: .p384)].map(\.publicKey)
    static let roots = try! ["ok-ec-p256", "ok-rsa-2048", "ok-ed25519"].map {
        try X509Certificate(der: try X509Case.certificates("x509/\($0).bundle.example.org.pem")[0])
    }

    static func authority(_ id: String, _ key: Int = 0) throws -> TokenAuthority {
        try TokenAuthority(keyID: id, key: keys[key])
    }

    static func full(reversed: Bool = false) throws -> TrustBundle {
        let certificates = Self.roots.map { X509Authority($0) }
        let jwt = [try authority("b", 1), try authority("a")]
        return try TrustBundle(
            trustDomain: domain, x509Authorities: reversed ? certificates.reversed() : certificates,
            jwtAuthorities: reversed ? jwt.reversed() : jwt, witAuthorities: [try authority("w")], sequence: 7,
            refreshHint: 300)
    }

    func code(_ body: () throws -> Void) -> BundleError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? BundleError)?.code
        }
    }

    @Test func equalContentIsEqualWhateverItsOrder() throws {
        let (one, other) = (try Self.full(), try Self.full(reversed: true))
        #expect(one == other)
        #expect(BundleDocument.encode(one) == BundleDocument.encode(other))
        #expect(one.jwtBundle.keySet == other.jwtBundle.keySet)
        #expect(one.jwtAuthorities.map(\.keyID) == ["a", "b"])
        var newer = other
        newer.sequence = 8
        #expect(newer != one && newer.hasSameAuthorities(as: one))
        #expect(one.authorities.count == 6 && !one.isEmpty)
        #expect(try TrustBundle(trustDomain: Self.domain).isEmpty)
        #expect(one.x509Bundle.authorities == one.x509Authorities.map(\.certificate))
        #expect(one.witBundle.authorities.map(\.keyID) == ["w"] && one.witBundle.type == .wit)
    }

    @Test func aCertificateStandsOnceAndTaintStays() throws {
        let root = Self.roots[0]
        let bundle = try TrustBundle(
            trustDomain: Self.domain,
            x509Authorities: [X509Authority(root), X509Authority(root, isTainted: true), X509Authority(root)])
        #expect(bundle.x509Authorities == [X509Authority(root, isTainted: true)])
        #expect(
            !bundle.hasSameAuthorities(as: try TrustBundle(trustDomain: Self.domain, x509Authorities: [.init(root)])))
    }

    @Test func keyIDsAreUniqueOverAllUses() throws {
        #expect(
            code {
                _ = try TrustBundle(
                    trustDomain: Self.domain, jwtAuthorities: [Self.authority("a"), Self.authority("a", 1)])
            } == .keyIDDuplicate)
        #expect(
            code {
                _ = try TrustBundle(
                    trustDomain: Self.domain, jwtAuthorities: [Self.authority("a")],
                    witAuthorities: [Self.authority("a")])
            } == .keyIDDuplicate)
        #expect(code { _ = try TrustBundle(trustDomain: Self.domain, refreshHint: -1) } == .refreshHint)
        #expect(code { _ = try Self.authority("") } == .keyIDMissing)
        let edwards = try PublicKey(ed25519: [UInt8](repeating: 1, count: 32))
        #expect(code { _ = try TokenAuthority(keyID: "e", key: edwards) } == .keyKind)
    }

    @Test func filteringKeepsWhatIsNamed() throws {
        let bundle = try Self.full()
        #expect(bundle.filtered { _ in true } == bundle)
        let kept = bundle.filtered { if case .x509 = $0 { true } else { false } }
        #expect(kept.x509Authorities == bundle.x509Authorities)
        #expect(kept.jwtAuthorities.isEmpty && kept.witAuthorities.isEmpty && kept.sequence == 7)
    }

    @Test func documentsAreWrittenAsSPIREDoes() throws {
        let bundle = try Self.full()
        let document = try OrderedValue(parsing: BundleDocument.encode(bundle).span, format: .json)
        let members = try #require(document.mapValue)
        #expect(members.labels == ["keys", "spiffe_sequence", "spiffe_refresh_hint"])
        let keys = try #require(members["keys"]?.listValue).compactMap(\.mapValue)
        #expect(keys.map { $0["use"]?.textValue } == ["x509-svid", "x509-svid", "x509-svid", "jwt-svid", "jwt-svid"])
        let elliptic = try #require(keys.first { $0["kty"] == "EC" })
        #expect(elliptic.labels == ["use", "kty", "crv", "x", "y", "x5c"])
        #expect(keys.first { $0["kty"] == "RSA" }?.labels == ["use", "kty", "n", "e", "x5c"])
        #expect(keys.last?.labels == ["use", "kty", "kid", "crv", "x", "y"])
        #expect(!keys.contains { $0["use"] == "x509-svid" && $0["kid"] != nil })
        // Keys of WIT-SVIDs only when asked for; then all is read again.
        let all = BundleDocument.encode(bundle, types: Set(SVIDType.allCases))
        let read = try BundleDocument(parsing: all, trustDomain: Self.domain)
        #expect(read.bundle == bundle && read.ignored.isEmpty)
        let only = BundleDocument.encode(bundle, types: [.jwt])
        #expect(try BundleDocument(parsing: only, trustDomain: Self.domain).bundle.x509Authorities.isEmpty)
        let empty = BundleDocument.encode(try TrustBundle(trustDomain: Self.domain))
        #expect(String(decoding: empty, as: UTF8.self) == #"{"keys":[]}"#)
    }

    func read(_ keys: String, more: String = "") throws -> BundleDocument {
        try BundleDocument(parsing: Array(#"{"keys":\#(keys)\#(more)}"#.utf8), trustDomain: Self.domain)
    }

    @Test func documentsAreJudgedAsAWhole() throws {
        func entry(_ key: PublicKey, _ members: String) throws -> String {
            let json = try JWK(key: key).members.encoded(as: .json)
            return "{\(members)," + String(decoding: json, as: UTF8.self).dropFirst()
        }
        let der = StandardBase64.encodedString(Self.roots[0].der)
        let foreign = try entry(Self.keys[0], #""use":"x509-svid","x5c":["\#(der)"]"#)
        #expect(code { _ = try read("[\(foreign)]") } == .certificateKey)
        #expect(code { _ = try read("[7]") } == .key)
        #expect(code { _ = try read("[]", more: #","spiffe_sequence":18446744073709551616"#) } == .sequence)
        #expect(code { _ = try read("[]", more: #","spiffe_sequence":null"#) } == .sequence)
        #expect(code { _ = try read("[]", more: #","spiffe_refresh_hint":-1"#) } == .refreshHint)
        #expect(code { _ = try read("[]", more: #","spiffe_refresh_hint":9223372036854775808"#) } == .refreshHint)
        #expect(code { _ = try read("[]", more: #","spiffe_refresh_hint":1.0"#) } == .refreshHint)
        let many = Array(repeating: "{}", count: JWKSet.mostKeys + 1).joined(separator: ",")
        #expect(code { _ = try read("[\(many)]") } == .tooManyKeys)
        let limits = Limits(bodyBytes: 10, nestingDepth: 8, documentValues: 100)
        #expect(
            code {
                _ = try BundleDocument(parsing: Array(#"{"keys":[]}"#.utf8), trustDomain: Self.domain, limits: limits)
            }
                == .tooLarge)
        let twice = try entry(Self.keys[0], #""use":"jwt-svid","kid":"a""#)
        let other = try entry(Self.keys[1], #""use":"wit-svid","kid":"a""#)
        #expect(code { _ = try read("[\(twice),\(other)]") } == .keyIDDuplicate)
        // A private key that was published is no key to trust.
        let published = try entry(Self.keys[0], #""use":"jwt-svid","kid":"a","d":"AAAA""#)
        #expect(code { _ = try read("[\(published)]") } == .key)
        // No key that signs tokens; it is left out and named.
        let edwards = try entry(PublicKey(ed25519: [UInt8](repeating: 1, count: 32)), #""use":"jwt-svid","kid":"a""#)
        let document = try read(
            "[\(edwards),{\"use\":\"JWT-SVID\"},{\"use\":7},{\"use\":\"jwt-svid\",\"kty\":\"oct\"}]")
        #expect(document.bundle.isEmpty)
        #expect(
            document.ignored == ["keys[0]: kty", "keys[1]: use", "keys[2]: use", "keys[3]: key-type-unknown"])
        #expect(BundleError(.key, "a").description == "bundle-key: a" && BundleError(.key).description == "bundle-key")
    }

    @Test func keySetsOfTheWorkloadAPIAreRead() throws {
        let bundle = try Self.full().jwtBundle
        let set = try OrderedValue(parsing: bundle.keySet.span, format: .json)
        #expect(set["keys"]?[0]?.mapValue?.labels == ["kty", "kid", "crv", "x", "y"])
        #expect(try TokenBundle(parsing: bundle.keySet, trustDomain: Self.domain) == bundle)
        #expect(bundle.authority(keyID: "a")?.key == Self.keys[0] && bundle.authority(keyID: "c") == nil)
        func parse(_ keys: [JWK]) throws -> [String] {
            let set = OrderedValue.list(keys.map { .map($0.members) })
            let json = try OrderedValue.map(["keys": set]).encoded(as: .json)
            return try TokenBundle(parsing: json, trustDomain: Self.domain).authorities.map(\.keyID)
        }
        let (one, other) = (Self.keys[0], Self.keys[1])
        #expect(try parse([JWK(key: other, keyID: "b"), JWK(key: one, keyID: "a")]) == ["a", "b"])
        #expect(
            try parse([JWK(key: one, keyID: "a", use: "jwt-svid"), JWK(key: other, keyID: "b", use: "x509-svid")]) == [
                "a"
            ])
        #expect(try parse([JWK(key: try PublicKey(ed25519: [UInt8](repeating: 1, count: 32)))]) == [])
        #expect(code { _ = try parse([JWK(key: one)]) } == .keyIDMissing)
        #expect(code { _ = try parse([JWK(key: one, keyID: "a"), JWK(key: other, keyID: "a")]) } == .key)
        #expect(code { _ = try TokenBundle(parsing: Array("{}".utf8), trustDomain: Self.domain) } == .keysMissing)
        #expect(code { _ = try TokenBundle(parsing: Array("".utf8), trustDomain: Self.domain) } == .key)
    }

    @Test func mapsKeepTrustDomainsApart() async throws {
        let other = try TrustBundle(
            trustDomain: TrustDomain("partner.test"), jwtAuthorities: [try Self.authority("a")], refreshHint: 9)
        let map = try BundleMap([try Self.full(), other], refreshHint: 60)
        let json = map.encode(types: Set(SVIDType.allCases))
        let read = try BundleMap(parsing: json)
        #expect(read.encode(types: Set(SVIDType.allCases)) == json && read.refreshHint == 60)
        #expect(read[Self.domain]?.refreshHint == nil)
        #expect(read[other.trustDomain]?.hasSameAuthorities(as: other) == true)
        #expect(read.bundle(of: try TrustDomain("nowhere.test")) == nil)
        let source: any BundleSource = map
        #expect(try await source.bundle(of: Self.domain) == map[Self.domain])
        #expect(code { _ = try BundleMap([other, other]) } == .trustDomain)
        #expect(code { _ = try BundleMap([], refreshHint: -1) } == .refreshHint)
        func parse(_ text: String) -> BundleError.Code? { code { _ = try BundleMap(parsing: Array(text.utf8)) } }
        #expect(parse(#"{"trust_domains":{}}"#) == nil)
        #expect(parse(#"{"trust_domains":{"a":{"keys":[]},"b":{"keys":[]}}}"#) == nil)
        #expect(parse(#"{"trust_domains":{"a":{"keys":[]},"a":{"keys":[]}}}"#) == .malformed)
        #expect(parse(#"{"trust_domains":{"a":{"keys":[]},"\u0061":{"keys":[]}}}"#) == .malformed)
        #expect(parse(#"{"trust_domains":{"A":{"keys":[]}}}"#) == .trustDomain)
        #expect(parse(#"{"trust_domains":{"spiffe://a":{"keys":[]}}}"#) == .trustDomain)
        #expect(parse(#"{"trust_domains":{"a":{}}}"#) == .keysMissing)
        #expect(parse(#"{"trust_domains":{"a":[]}}"#) == .malformed)
        #expect(parse(#"{"trust_domains":[]}"#) == .trustDomain)
        #expect(parse("{}") == .trustDomain && parse("[]") == .malformed)
        #expect(parse(#"{"trust_domains":{},"spiffe_refresh_hint":"1"}"#) == .refreshHint)
        let limits = Limits(bodyBytes: 10, nestingDepth: 8, documentValues: 100)
        #expect(code { _ = try BundleMap(parsing: Array(#"{"trust_domains":{}}"#.utf8), limits: limits) } == .tooLarge)
    }
}
