// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

struct PeerAuthorizerTests {
    @Test func rulesAdmitWhomTheyName() throws {
        let web = try SPIFFEID("spiffe://example.org/web")
        let api = try SPIFFEID("spiffe://example.org/api")
        let foreign = try SPIFFEID("spiffe://partner.test/web")
        let peers = [web, api, foreign, web.trustDomain.id]
        func admitted(_ rule: PeerAuthorizer) -> [SPIFFEID] { peers.filter(rule.allows) }
        #expect(admitted(.any) == [web, api, foreign])
        #expect(admitted(.nobody) == [])
        #expect(admitted(.exactly(web)) == [web])
        // A trust domain is no peer, whatever the rule says.
        #expect(admitted(.exactly(web.trustDomain.id)) == [])
        #expect(admitted(.oneOf([api, foreign])) == [api, foreign])
        #expect(admitted(.oneOf([])) == [])
        #expect(admitted(.member(of: web.trustDomain)) == [web, api])
        #expect(admitted(PeerAuthorizer("web") { $0.path == "/web" }) == [web, foreign])
        #expect(PeerAuthorizer.exactly(web).description == "exactly spiffe://example.org/web")
    }
}
