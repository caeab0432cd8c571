// SPDX-License-Identifier: Apache-2.0

import KERI
import Testing

@testable import KERINetwork

/// DIDs as text: one spelling in, the same out, everything else refused.
struct DecentralizedIdentifierTests {
    static let aid = "ENro7uf0ePmiK3jdTo2YCdXLqW7z7xoP6qhhBou6gBLe"

    @Test(arguments: [
        ("did:keri:AID", nil), ("did:webs:example.com:AID", "https://example.com:443/AID/did.json"),
        ("did:webs:w3c-ccg.github.io:user:alice:AID", "https://w3c-ccg.github.io:443/user/alice/AID/did.json"),
        ("did:webs:example.com%3A3000:user:alice:AID", "https://example.com:3000/user/alice/AID/did.json"),
        ("did:webs:127.0.0.1%3A7676:a_b~c.d-e:AID", "https://127.0.0.1:7676/a_b~c.d-e/AID/did.json"),
    ])
    func wellFormedOnesAreRead(_ text: String, _ url: String?) throws {
        let text = text.replacing("AID", with: Self.aid)
        let did = try #require(DecentralizedIdentifier(text))
        #expect(did.description == text)
        #expect(did.aid.text == Self.aid)
        guard case .webs(let webs) = did else {
            #expect(url == nil)
            return
        }
        #expect(webs.url(of: "did.json")?.description == url?.replacing("AID", with: Self.aid))
    }

    @Test func portsHaveOneSpelling() {
        let did = DecentralizedIdentifier("did:webs:example.com%3a80:\(Self.aid)")
        #expect(did?.description == "did:webs:example.com%3A80:\(Self.aid)")
    }

    @Test(arguments: [
        "", "did", "did:keri", "did:keri:", "did:keri:x", "DID:keri:AID", "did:KERI:AID", "did:keri:AID#key",
        "did:keri:AID?x=1", "did:keri:AID:AID", "did:web:example.com:AID", "did:webs:AID", "did:webs::AID",
        "did:webs:example.com", "did:webs:example.com:x", "did:webs:Example.com:AID", "did:webs:example..com:AID",
        "did:webs:-example.com:AID", "did:webs:example-.com:AID", "did:webs:exa_mple.com:AID", "did:webs:.:AID",
        "did:webs:example.com%3A:AID", "did:webs:example.com%3A0:AID", "did:webs:example.com%3A080:AID",
        "did:webs:example.com%3A65536:AID", "did:webs:example.com%3A+80:AID", "did:webs:example.com%3A80%3A80:AID",
        "did:webs:example.com::AID", "did:webs:example.com:.:AID", "did:webs:example.com:..:AID",
        "did:webs:example.com:a/b:AID", "did:webs:example.com:a%2Fb:AID", "did:webs:example.com:ä:AID",
        "did:webs:example.com:a b:AID", "did:webs:[::1]:AID", "did:webs:user@example.com:AID",
        "did:webs:example.com:AID:", "did:webs:example.com:AID/", " did:keri:AID",
    ])
    func malformedOnesAreRefused(_ text: String) {
        #expect(DecentralizedIdentifier(text.replacing("AID", with: Self.aid)) == nil, "\(text)")
    }

    @Test func lengthsAreBounded() {
        let long = String(repeating: "a", count: 64)
        #expect(DecentralizedIdentifier("did:webs:\(long).com:\(Self.aid)") == nil)
        let hosts = Array(repeating: "abcdefghi", count: 26).joined(separator: ".")
        #expect(DecentralizedIdentifier("did:webs:\(hosts):\(Self.aid)") == nil)
        let folders = Array(repeating: "a", count: 33).joined(separator: ":")
        #expect(DecentralizedIdentifier("did:webs:a.test:\(folders):\(Self.aid)") == nil)
        #expect(DecentralizedIdentifier("did:webs:a.test:\(String(repeating: "a", count: 256)):\(Self.aid)") == nil)
    }
}
