// SPDX-License-Identifier: Apache-2.0

import Issuer
import JOSE
import SPIFFE
import Testing

/// Foreign bundles and relationships. Facts (SPIFFE) 7, 15.4, 17.
struct FederationServiceTests {
    static func draft(_ domain: String, sequence: UInt64 = 1) -> BundleDraft {
        var draft = BundleDraft(trustDomain: domain)
        draft.sequence = sequence
        draft.refreshHint = 60
        return draft
    }

    @Test func keepsBundles() async throws {
        let kit = try await RegistrationKit()
        let federation = kit.federation
        let made = try await federation.createBundles([
            Self.draft("spiffe://b.test"), Self.draft("b.test"), Self.draft("example.org"), Self.draft("A"),
        ])
        #expect(made.map(\.refusal?.code) == [nil, .alreadyExists, .invalidArgument, .invalidArgument])
        #expect(made[0].value?.sequence == 1 && made[0].value?.refreshHint == 60)
        var change = Self.draft("b.test", sequence: 9)
        change.refreshHint = 5
        let changed = try await federation.updateBundles([change, Self.draft("c.test")], mask: [.sequence])
        #expect(changed[0].value?.sequence == 9 && changed[0].value?.refreshHint == 60)
        #expect(changed[1].refusal == IssuerError(.notFound, "bundle not found"))
        let set = try await federation.setBundles([Self.draft("a.test"), Self.draft("b.test", sequence: 0)])
        #expect(set.allSatisfy { $0.refusal == nil })
        #expect(try await federation.bundle(of: "b.test").sequence == nil)
        #expect(try await federation.bundleCount() == 2)
        let page = try await federation.bundles(pageSize: 1)
        #expect(page.elements.map(\.trustDomain.name) == ["a.test"])
        let rest = try await federation.bundles(pageSize: 1, pageToken: page.nextToken)
        #expect(rest.elements.map(\.trustDomain.name) == ["b.test"] && rest.nextToken.isEmpty)
        await #expect(throws: IssuerError(.notFound, "bundle not found")) { try await federation.bundle(of: "c.test") }
        await #expect(throws: IssuerError.self) { try await federation.bundle(of: "example.org") }
        await #expect(throws: IssuerError(.invalidArgument, "could not parse token 'A'")) {
            try await federation.bundles(pageToken: "A")
        }
    }

    @Test func readsAuthorities() async throws {
        let kit = try await RegistrationKit()
        let key = try PrivateKey(generating: .p256).publicKey.subjectPublicKeyInfo
        var draft = BundleDraft(trustDomain: "other.test")
        draft.jwtAuthorities = [.init(keyID: "k", publicKey: key, expiresAt: 5, isTainted: true)]
        let made = try #require(try await kit.federation.setBundles([draft])[0].value)
        #expect(made.jwtAuthorities.map(\.keyID) == ["k"])
        #expect(made.jwtAuthorities[0].expiresAt == 5 && made.jwtAuthorities[0].isTainted)
        var wrong = draft
        wrong.jwtAuthorities[0].publicKey = [1, 2, 3]
        var unnamed = draft
        unnamed.jwtAuthorities[0].keyID = ""
        var twice = draft
        twice.witAuthorities = draft.jwtAuthorities
        var certificate = draft
        certificate.x509Authorities = [.init(der: [1])]
        let results = try await kit.federation.setBundles([wrong, unnamed, twice, certificate])
        #expect(results.allSatisfy { $0.refusal?.code == .invalidArgument })
        #expect(try await kit.federation.bundle(of: "other.test") == made)
    }

    @Test func deletesBundlesInThreeWays() async throws {
        let kit = try await RegistrationKit()
        _ = try await kit.federation.setBundles(["a.test", "b.test", "c.test"].map { Self.draft($0) })
        _ = try await kit.entries.create([
            EntryDraft.workload("/1").with { $0.federatesWith = ["a.test", "b.test"] },
            EntryDraft.workload("/2").with { $0.federatesWith = ["a.test", "c.test"] },
        ])
        let restricted = try await kit.federation.deleteBundles(of: ["spiffe://a.test", "none.test", "example.org"])
        #expect(
            restricted[0].refusal
                == IssuerError(.failedPrecondition, "cannot delete bundle; federated with 2 registration entries"))
        #expect(restricted.map(\.refusal?.code) == [.failedPrecondition, .notFound, .invalidArgument])
        #expect(restricted[0].value == "spiffe://a.test")

        #expect(try await kit.federation.deleteBundles(of: ["a.test"], mode: .dissociate)[0].refusal == nil)
        let left = try kit.entries.list().elements
        #expect(left.map(\.federatesWith) == [[try TrustDomain("b.test")], [try TrustDomain("c.test")]])
        #expect(left.allSatisfy { $0.revision == 1 })

        #expect(try await kit.federation.deleteBundles(of: ["b.test"], mode: .deleteEntries)[0].refusal == nil)
        #expect(try kit.entries.list().elements.map(\.spiffeID.path) == ["/2"])
        #expect(try await kit.federation.bundleCount() == 1)
        var filter = EntryFilter()
        filter.federatesWith = DomainCondition(["a.test"], .any)
        #expect(try kit.entries.count(filter) == 0)
    }

    // MARK: Relationships

    static func relationship(
        _ domain: String, url: String = "https://bundles.test:8443/x?y=1",
        profile: RelationshipDraft.Profile? = .httpsWeb,
        bundle: BundleDraft? = nil
    ) -> RelationshipDraft {
        RelationshipDraft(trustDomain: domain, endpointURL: url, profile: profile, bundle: bundle)
    }

    @Test func keepsRelationships() async throws {
        let kit = try await RegistrationKit()
        let federation = kit.federation
        let made = try await federation.createRelationships([
            Self.relationship(
                "spiffe://a.test", profile: .httpsSPIFFE("spiffe://b.test/spire/server"), bundle: Self.draft("a.test")),
            Self.relationship("a.test"), Self.relationship("b.test"),
        ])
        #expect(made.map(\.refusal?.code) == [nil, .alreadyExists, nil])
        #expect(made[0].value?.profile == .httpsSPIFFE(try SPIFFEID("spiffe://b.test/spire/server")))
        #expect(try await federation.bundle(of: "a.test").sequence == 1)
        let changed = try await federation.updateRelationships(
            [Self.relationship("a.test", url: "https://new.test/", profile: nil), Self.relationship("c.test")],
            mask: [.endpointURL])
        #expect(changed[0].value?.endpointURL == "https://new.test/")
        #expect(changed[0].value?.profile == made[0].value?.profile)
        #expect(changed[1].refusal == IssuerError(.notFound, "federation relationship does not exist"))
        let (found, bundle) = try await federation.relationship(with: "a.test")
        #expect(found == changed[0].value && bundle?.sequence == 1)
        #expect(try await federation.relationships().elements.map(\.trustDomain.name) == ["a.test", "b.test"])
        await #expect(throws: IssuerError.self) { try await federation.relationship(with: "c.test") }
        // Everything, also what is not given.
        #expect(
            try await federation.updateRelationships([Self.relationship("a.test", profile: nil)])[0].refusal?.code
                == .invalidArgument)
        let replaced = try await federation.updateRelationships([
            Self.relationship("a.test", bundle: Self.draft("a.test", sequence: 7))
        ])
        #expect(replaced[0].value?.profile == .httpsWeb)
        #expect(try await federation.bundle(of: "a.test").sequence == 7)
    }

    @Test(arguments: [
        "", "http://a.test/", "https://", "https:///x", "https://user@a.test/", "https://a.test/#x",
        "https://a.test:0/",
        "https://a.test:65536/", "https://a.test:x/", "https://a.test:+1/", "https://a.test:1:2/", "https://a b/",
        "https://ü.test/", "https://[::1", "https://[::1]x/", "https://:80/", "HTTPS://a.test/",
        "https://a.test/" + String(repeating: "x", count: 2048),
    ])
    func refusesURL(_ url: String) async throws {
        let kit = try await RegistrationKit()
        let results = try await kit.federation.createRelationships([Self.relationship("a.test", url: url)])
        #expect(results[0].refusal?.code == .invalidArgument)
        #expect(results[0].refusal?.message.hasPrefix("bundle endpoint URL is not valid: ") == true)
    }

    @Test(arguments: ["https://a.test", "https://a.test:443", "https://[::1]:8443/x", "https://127.0.0.1?x"])
    func takesURL(_ url: String) async throws {
        let kit = try await RegistrationKit()
        #expect(try await kit.federation.createRelationships([Self.relationship("a.test", url: url)])[0].refusal == nil)
    }

    @Test func refusesRelationships() async throws {
        let kit = try await RegistrationKit()
        let results = try await kit.federation.createRelationships([
            Self.relationship("example.org"), Self.relationship("a.test", profile: nil),
            Self.relationship("a.test", profile: .httpsSPIFFE("x")),
            Self.relationship("a.test", profile: .httpsSPIFFE("spiffe://a.test")),
            Self.relationship("a.test", bundle: Self.draft("b.test")),
        ])
        #expect(results.allSatisfy { $0.refusal?.code == .invalidArgument })
        #expect(
            results[4].refusal?.message
                == "trust domain bundle (\"b.test\") must match the trust domain of the federation relationship (\"a.test\")"
        )
        #expect(try await kit.federation.bundleCount() == 0)
        #expect(try await kit.federation.relationships().elements.isEmpty)
    }

    @Test func endsRelationships() async throws {
        let kit = try await RegistrationKit()
        _ = try await kit.federation.createRelationships([
            Self.relationship("a.test", bundle: Self.draft("a.test")), Self.relationship("b.test"),
        ])
        _ = try await kit.entries.create([EntryDraft.workload("/1").with { $0.federatesWith = ["a.test"] }])
        let results = try await kit.federation.deleteRelationships(with: ["a.test", "b.test", "c.test", "example.org"])
        #expect(results.map(\.refusal?.code) == [nil, nil, .notFound, .invalidArgument])
        #expect(try await kit.federation.bundleCount() == 0)
        #expect(try kit.entries.list().elements.map(\.federatesWith) == [[]])
    }
}
