// SPDX-License-Identifier: Apache-2.0

import JOSE
import Logging
import SPIFFE
import Synchronization
import Testing

@testable import Issuer

/// When foreign bundles are fetched, and what becomes of them. Facts (SPIFFE) 7.1, 7.3.
struct BundlePollerTests {
    /// Serves documents by trust domain, and does what a test wants meanwhile.
    final class ScriptedFetcher: BundleFetcher {
        let documents = Mutex<[String: String]>([:])
        let asked = Mutex<[String]>([])
        let meanwhile: @Sendable () async throws -> Void

        init(meanwhile: @escaping @Sendable () async throws -> Void = {}) { self.meanwhile = meanwhile }

        func fetch(_ relationship: FederationRelationship, authorities: X509Bundle?) async throws -> [UInt8] {
            let name = relationship.trustDomain.name
            asked.withLock { $0.append(name + (authorities.map { " by \($0.trustDomain)" } ?? "")) }
            try await meanwhile()
            guard let text = documents.withLock({ $0[name] }) else { throw CancellationError() }
            return Array(text.utf8)
        }

        /// What was asked since the last time, in order.
        func takeAsked() -> [String] {
            asked.withLock { asked in
                defer { asked = [] }
                return asked.sorted()
            }
        }
    }

    struct Bench {
        let kit: RegistrationKit
        let fetcher: ScriptedFetcher
        let poller: BundlePoller

        init(
            _ kit: RegistrationKit, fetcher: ScriptedFetcher = ScriptedFetcher(),
            admission: any BundleAdmission = OpenBundleAdmission()
        ) {
            self.kit = kit
            self.fetcher = fetcher
            poller = BundlePoller(
                kit.directory, fetcher: fetcher, admission: admission,
                ownBundle: { X509Bundle(trustDomain: .example, authorities: []) }, clock: kit.clock,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }

        func relate(_ domain: String, profile: RelationshipDraft.Profile = .httpsWeb) async throws {
            let results = try await kit.federation.createRelationships([
                RelationshipDraft(trustDomain: domain, endpointURL: "https://\(domain)/", profile: profile)
            ])
            #expect(results[0].refusal == nil)
        }

        func serve(_ domain: String, sequence: Int, hint: Int) {
            let text = "{\"keys\":[],\"spiffe_sequence\":\(sequence),\"spiffe_refresh_hint\":\(hint)}"
            fetcher.documents.withLock { $0[domain] = text }
        }
    }

    @Test func looksFourTimesInEachHint() async throws {
        let bench = Bench(try await RegistrationKit())
        for (domain, hint) in [("a.test", 60), ("b.test", 400), ("c.test", 1)] {
            try await bench.relate(domain)
            bench.serve(domain, sequence: 1, hint: hint)
        }
        await bench.poller.look()
        #expect(bench.fetcher.takeAsked() == ["a.test", "b.test", "c.test"])
        #expect(try await bench.kit.federation.bundle(of: "b.test").refreshHint == 400)
        bench.kit.clock.advance(by: .seconds(14))
        await bench.poller.look()
        #expect(bench.fetcher.takeAsked() == [])
        bench.kit.clock.advance(by: .seconds(1))
        await bench.poller.look()
        #expect(bench.fetcher.takeAsked() == ["a.test", "c.test"], "hints below a minute count as one")
        bench.kit.clock.advance(by: .seconds(85))
        await bench.poller.look()
        #expect(bench.fetcher.takeAsked() == ["a.test", "b.test", "c.test"])
    }

    @Test func doesNotHammerWhenALookFails() async throws {
        let bench = Bench(try await RegistrationKit())
        try await bench.relate("a.test")
        await bench.poller.look()
        #expect(bench.fetcher.takeAsked() == ["a.test"])
        bench.kit.clock.advance(by: .seconds(74))
        await bench.poller.look()
        #expect(bench.fetcher.takeAsked() == [], "a quarter of the usual five minutes")
        bench.kit.clock.advance(by: .seconds(1))
        bench.serve("a.test", sequence: 1, hint: 60)
        await bench.poller.look()
        #expect(try await bench.kit.federation.bundle(of: "a.test").sequence == 1)
    }

    @Test(arguments: ["{}", "null", "<html>", "{\"keys\":[],\"keys\":[]}"])
    func keepsTheOldBundleWhenTheNewOneIsNone(_ document: String) async throws {
        let bench = Bench(try await RegistrationKit())
        try await bench.relate("a.test")
        _ = try await bench.kit.federation.setBundles([FederationServiceTests.draft("a.test", sequence: 4)])
        bench.fetcher.documents.withLock { $0["a.test"] = document }
        await #expect(throws: IssuerError(.unavailable, "failed to refresh the bundle")) {
            try await bench.poller.refresh("a.test")
        }
        #expect(try await bench.kit.federation.bundle(of: "a.test").sequence == 4)
    }

    @Test func refreshes() async throws {
        let bench = Bench(try await RegistrationKit())
        try await bench.relate("a.test")
        bench.serve("a.test", sequence: 3, hint: 60)
        try await bench.poller.refresh("spiffe://a.test")
        #expect(try await bench.kit.federation.bundle(of: "a.test").sequence == 3)
        await #expect(throws: IssuerError(.notFound, "federation relationship does not exist")) {
            try await bench.poller.refresh("b.test")
        }
        await #expect(throws: IssuerError.self) { try await bench.poller.refresh("example.org") }
    }

    @Test func judgesEndpointsByTheBundleOfTheirDomain() async throws {
        let bench = Bench(try await RegistrationKit())
        try await bench.relate("a.test", profile: .httpsSPIFFE("spiffe://a.test/server"))
        try await bench.relate("b.test", profile: .httpsSPIFFE("spiffe://example.org/endpoint"))
        await bench.poller.look()
        #expect(bench.fetcher.takeAsked() == ["b.test by example.org"], "without a bundle nobody is asked")
        let error = await #expect(throws: IssuerError.self) { try await bench.poller.refresh("a.test") }
        #expect(error?.detail.contains("local copy of bundle not found") == true)
        _ = try await bench.kit.federation.setBundles([FederationServiceTests.draft("a.test")])
        bench.kit.clock.advance(by: .seconds(75))
        await bench.poller.look()
        #expect(bench.fetcher.takeAsked() == ["a.test by a.test", "b.test by example.org"])
    }

    @Test func keepsNothingOfARelationshipThatEnded() async throws {
        let kit = try await RegistrationKit()
        let fetcher = ScriptedFetcher { _ = try await kit.federation.deleteRelationships(with: ["a.test"]) }
        let bench = Bench(kit, fetcher: fetcher)
        try await bench.relate("a.test")
        bench.serve("a.test", sequence: 1, hint: 60)
        await bench.poller.look()
        #expect(fetcher.takeAsked() == ["a.test"])
        #expect(try await kit.federation.bundleCount() == 0)
        bench.kit.clock.advance(by: .seconds(1000))
        await bench.poller.look()
        #expect(fetcher.takeAsked() == [])
    }

    /// What was decided is about the bundle that stood there; one that was put in its place meanwhile stays.
    @Test func keepsWhatAnOperatorSetMeanwhile() async throws {
        let kit = try await RegistrationKit()
        let fetcher = ScriptedFetcher {
            _ = try await kit.federation.setBundles([FederationServiceTests.draft("a.test", sequence: 9)])
        }
        let bench = Bench(kit, fetcher: fetcher, admission: SettingAdmission(kit.federation))
        try await bench.relate("a.test")
        bench.serve("a.test", sequence: 3, hint: 60)
        await bench.poller.look()
        #expect(try await kit.federation.bundle(of: "a.test").sequence == 10)
    }

    /// Admits everything, but not before an operator has set another bundle.
    private struct SettingAdmission: BundleAdmission {
        let federation: FederationService

        init(_ federation: FederationService) { self.federation = federation }

        func decide(on bundle: TrustBundle, replacing current: TrustBundle?) async -> BundleDecision {
            _ = try? await federation.setBundles([FederationServiceTests.draft("a.test", sequence: 10)])
            return await OpenBundleAdmission().decide(on: bundle, replacing: current)
        }
    }

    @Test func keepsOnlyWhatIsAdmitted() async throws {
        struct Nobody: BundleAdmission {
            func decide(on bundle: TrustBundle, replacing current: TrustBundle?) async -> BundleDecision {
                .refused(reason: "nobody vouches for it")
            }
        }
        let bench = Bench(try await RegistrationKit(), admission: Nobody())
        try await bench.relate("a.test")
        bench.serve("a.test", sequence: 1, hint: 60)
        let error = await #expect(throws: IssuerError.self) { try await bench.poller.refresh("a.test") }
        #expect(error?.detail.contains("nobody vouches for it") == true)
        #expect(try await bench.kit.federation.bundleCount() == 0)
    }

    @Test func keepsNoBundleOfAnotherName() async throws {
        struct Swapping: BundleAdmission {
            func decide(on bundle: TrustBundle, replacing current: TrustBundle?) async -> BundleDecision {
                do { return .admitted(try TrustBundle(trustDomain: .other), verdicts: []) } catch {
                    return .refused(reason: "\(error)")
                }
            }
        }
        let bench = Bench(try await RegistrationKit(), admission: Swapping())
        try await bench.relate("a.test")
        bench.serve("a.test", sequence: 1, hint: 60)
        await #expect(throws: IssuerError.self) { try await bench.poller.refresh("a.test") }
        #expect(try await bench.kit.federation.bundleCount() == 0)
    }

    @Test func sweeps() async throws {
        let kit = try await RegistrationKit()
        let agents = AgentService(
            kit.directory, attestors: [JoinTokenAttestor(kit.directory, clock: kit.clock)], signer: ScriptedSigner(),
            limiter: nil, clock: kit.clock)
        let sweep = RegistrationSweep(
            entries: kit.entries, agents: agents, pruning: .init(expiredFor: 100), clock: kit.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        _ = try await kit.entries.create(
            (0..<5).map { index in EntryDraft.workload("/\(index)").with { $0.expiresAt = kit.clock.seconds + 10 } })
        _ = try await agents.createJoinToken(ttl: 10, value: "t")
        try await kit.putAgent("/spire/agent/t/1")
        try await sweep.sweep()
        #expect(try kit.entries.count() == 5)
        kit.clock.advance(by: .seconds(20))
        try await sweep.sweep()
        #expect(try kit.entries.count() == 0)
        #expect(try await agents.count() == 1)
        _ = try await agents.createJoinToken(ttl: 10, value: "t")
        kit.clock.advance(by: .seconds(3600 + 101))
        try await sweep.sweep()
        #expect(try await agents.count() == 0)
    }
}
