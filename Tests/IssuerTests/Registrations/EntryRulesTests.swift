// SPDX-License-Identifier: Apache-2.0

import Issuer
import SPIFFE
import Testing

/// What is refused, with the words of the real server where they were seen.
struct EntryRulesTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let draft: EntryDraft
        let message: String
        var code = IssuerError.Code.invalidArgument
    }

    static let refused: [Case] = {
        let plain = EntryDraft.workload("/web")
        func refused(_ name: String, _ message: String, _ change: (inout EntryDraft) -> Void) -> Case {
            Case(testDescription: name, draft: plain.with(change), message: "failed to convert entry: " + message)
        }
        return [
            refused("no identity", "invalid spiffe ID: request must specify SPIFFE ID") { $0.spiffeID = nil },
            refused(
                "foreign identity",
                "invalid spiffe ID: \"spiffe://other.test/x\" is not a member of trust domain \"example.org\""
            ) { $0.spiffeID = IDDraft(trustDomain: "other.test", path: "/x") },
            refused(
                "reserved identity",
                "invalid spiffe ID: \"spiffe://example.org/spire/agent/x\" is not a workload in trust domain "
                    + "\"example.org\"; path is in the reserved namespace"
            ) { $0.spiffeID = .example("/spire/agent/x") },
            refused(
                "the reserved segment itself",
                "invalid spiffe ID: \"spiffe://example.org/spire\" is not a workload in trust domain "
                    + "\"example.org\"; path is in the reserved namespace"
            ) { $0.spiffeID = .example("/spire") },
            refused(
                "no path",
                "invalid spiffe ID: \"spiffe://example.org\" is not a workload in trust domain \"example.org\"; "
                    + "path is empty"
            ) { $0.spiffeID = .example("") },
            refused("trailing slash", "invalid spiffe ID: path cannot have a trailing slash") {
                $0.spiffeID = .example("/x/")
            },
            refused("no parent", "invalid parent ID: request must specify SPIFFE ID") { $0.parentID = nil },
            refused(
                "foreign parent",
                "invalid parent ID: \"spiffe://other.test/x\" is not a member of trust domain \"example.org\""
            ) { $0.parentID = IDDraft(trustDomain: "other.test", path: "/x") },
            refused(
                "the trust domain as parent", "invalid parent ID: \"spiffe://example.org\" is no parent; path is empty"
            ) { $0.parentID = .example("") },
            refused(
                "a reserved parent that is no agent",
                "invalid parent ID: \"spiffe://example.org/spire/other\" is neither the server nor an agent; "
                    + "path is in the reserved namespace"
            ) { $0.parentID = .example("/spire/other") },
            refused("no selectors", "selector list is empty") { $0.selectors = [] },
            refused("no selector type", "missing selector type") { $0.selectors = [.init(type: "", value: "x")] },
            refused("colon in a type", "selector type contains ':'") {
                $0.selectors = [.init(type: "a:b", value: "x")]
            },
            refused("no selector value", "missing selector value") { $0.selectors = [.init(type: "a", value: "")] },
            refused("long selector", "selector is too long, max length is 4096 bytes") {
                $0.selectors = [.init(type: "a", value: String(repeating: "x", count: 5000))]
            },
            refused("too many selectors", "too many selectors, at most 1024") {
                $0.selectors = (0...1024).map { .init(type: "a", value: "\($0)") }
            },
            refused("negative X.509 TTL", "X509-SVID TTL must not be negative") { $0.x509SVIDTTL = -1 },
            refused("negative JWT TTL", "JWT-SVID TTL must not be negative") { $0.jwtSVIDTTL = -1 },
            refused("negative expiry", "expiration must not be negative") { $0.expiresAt = -1 },
            refused(
                "own domain",
                "invalid federated trust domain: \"example.org\" is the server's own trust domain"
            ) { $0.federatesWith = ["spiffe://example.org"] },
            refused("long hint", "hint is too long, max length is 1024 characters") {
                $0.hint = String(repeating: "x", count: 1025)
            },
            refused("empty DNS label", "invalid DNS name: \"a..b\": label is empty") { $0.dnsNames = ["a..b"] },
            refused("no DNS name", "invalid DNS name: \"\": name is empty") { $0.dnsNames = [""] },
            refused("wildcard inside", "invalid DNS name: \"a.*.b\": a wildcard must be the whole first label") {
                $0.dnsNames = ["a.*.b"]
            },
            refused("a wildcard alone", "invalid DNS name: \"*\": a wildcard must be the whole first label") {
                $0.dnsNames = ["*"]
            },
            refused("dash", "invalid DNS name: \"-a.b\": label begins or ends with a dash") { $0.dnsNames = ["-a.b"] },
            refused(
                "underscore", "invalid DNS name: \"a_b\": label does not match the form of letters, digits and dashes"
            ) { $0.dnsNames = ["a_b"] },
            refused("an address", "invalid DNS name: \"192.0.2.1\": last label is a number") {
                $0.dnsNames = ["192.0.2.1"]
            },
            refused("too many DNS names", "too many DNS names, at most 64") {
                $0.dnsNames = (0...64).map { "n\($0).example.org" }
            },
            refused("DNS name twice", "invalid DNS name: \"a.b\" is there twice") { $0.dnsNames = ["a.b", "a.b"] },
            refused("stored SVID of two types", "selector types must be the same when store SVID is enabled") {
                $0.storesSVID = true
                $0.selectors = [.init(type: "a", value: "x"), .init(type: "b", value: "x")]
            },
            refused(
                "stored SVID on demand",
                "an SVID that is stored can't be signed on demand: prefetch must not be disabled"
            ) {
                $0.storesSVID = true
                $0.isSignedOnDemand = true
            },
            Case(
                testDescription: "unknown foreign bundle", draft: plain.with { $0.federatesWith = ["unknown.test"] },
                message: "failed to create entry: unable to find federated bundle \"spiffe://unknown.test\"",
                code: .internal),
            Case(
                testDescription: "long ID", draft: plain.with { $0.id = String(repeating: "x", count: 256) },
                message: "entry ID too long"),
            Case(
                testDescription: "ID of other characters", draft: plain.with { $0.id = "a/b" },
                message: "entry ID contains invalid characters"),
        ]
    }()

    @Test(arguments: refused)
    func refuses(_ wrong: Case) async throws {
        let kit = try await RegistrationKit()
        let results = try await kit.entries.create([wrong.draft, .workload("/good")])
        #expect(results[0].refusal == IssuerError(wrong.code, wrong.message))
        #expect(results[0].value == nil)
        #expect(results[1].refusal == nil, "one refused item keeps no other back")
        #expect(try kit.entries.count() == 1)
    }

    @Test(arguments: ["a.example.org", "*.example.org", "a", "1.2-3.x", String(repeating: "a", count: 63) + ".b"])
    func takesDNSName(_ name: String) async throws {
        let kit = try await RegistrationKit()
        let result = try await kit.entries.create([EntryDraft.workload("/web").with { $0.dnsNames = [name] }])
        #expect(result[0].value?.dnsNames == [name])
    }

    @Test(arguments: ["/spire/server", "/spire/agent/x509pop/1", "/other/workload", "/spiredrive"])
    func takesParent(_ path: String) async throws {
        let kit = try await RegistrationKit()
        #expect(try await kit.entries.create([.workload("/web", under: path)])[0].refusal == nil)
    }

    @Test func keepsEveryMember() async throws {
        let kit = try await RegistrationKit()
        _ = try await kit.federation.setBundles([BundleDraft(trustDomain: "other.test")])
        let draft = EntryDraft.workload("/web", selectors: ["unix:uid:1", "unix:gid:2"]).with {
            $0.id = "an.entry_1"
            $0.x509SVIDTTL = 600
            $0.jwtSVIDTTL = 120
            $0.federatesWith = ["spiffe://other.test"]
            $0.isAdmin = true
            $0.isDownstream = true
            $0.expiresAt = 1_900_000_000
            $0.dnsNames = ["b.example.org", "a.example.org"]
            $0.hint = "h1"
            $0.isSignedOnDemand = true
            $0.includesTokenID = true
        }
        let made = try #require(try await kit.entries.create([draft])[0].value)
        var expected = draft
        expected.federatesWith = ["other.test"]
        expected.selectors.sort { $0.value < $1.value }
        #expect(EntryDraft(made) == expected)
        #expect(made.createdAt == kit.clock.seconds)
        #expect(made.revision == 0)
        #expect(try kit.entries.entry("an.entry_1") == made)
    }
}
