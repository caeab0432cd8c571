// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import LogTestKit
import Logging
import SPIFFE
import Synchronization
import Testing

@testable import NodeAgent

/// The facade over a cache that a test fills by hand.
struct WorkloadIdentitiesTests {
    let authority = TestAuthority()
    let clock = TestClock()
    let issuer: ScriptedIssuer
    let cache = SVIDCache(capacity: 100)
    let news = Bell()
    let processes = FakeProcesses()
    let me: WorkloadReference = .selectors([Sample.web])

    init() {
        issuer = ScriptedIssuer(authority, clock: clock)
        trust(authority.bundle(sequence: 1))
        cache.change { $0.apply(EntryChanges()) }
    }

    private func trust(_ bundle: TrustBundle, federated: [TrustBundle] = []) {
        cache.change { state in
            var trust = state.trust
            try! trust.setOwn(bundle) { try TombstoneAuthority.make($0, at: Sample.now) }
            for other in federated { trust.setFederated(other, of: other.trustDomain) }
            return state.apply(trust)
        }
    }

    private func put(_ entries: RegistrationEntry..., signed: Bool = true) async {
        await issuer.change { issuer in issuer.entries += entries }
        for entry in entries {
            cache.change { $0.apply(EntryChanges(updated: [entry])) }
            guard signed else { continue }
            let held = Sample.held(entry, by: authority)
            cache.change { $0.finish(entry, .signed(held), at: Sample.now) }
        }
    }

    private func facade(
        _ policy: WorkloadPolicy = WorkloadPolicy(), logger: Logger = Sample.silent
    ) -> WorkloadIdentities {
        WorkloadIdentities(
            cache: cache,
            attestation: WorkloadAttestation(
                [
                    FixedAttestor { process in
                        [try Selector(type: "unix", value: "uid:\(process.credentials.uid)")]
                    }
                ], clock: clock, threads: BlockingThreads(), logger: Sample.silent),
            tokens: TokenIssuance(
                cache, issuer: issuer, clock: clock, policy: policy, news: news, logger: logger),
            clock: clock, policy: policy, processes: processes.table, logger: Sample.silent)
    }

    private func peer(_ pid: Int32 = 7, uid: UInt32 = 1000) throws -> WorkloadPeer {
        processes.add(pid, uid: uid)
        return try WorkloadPeer(pid: pid, uid: uid, gid: 1000, in: processes.table)
    }

    // MARK: Streams

    @Test func `a caller gets its identities, and each new state once`() async throws {
        await put(Sample.entry("a", path: "/a", createdAt: 1))
        var updates = try await facade().x509Updates(for: .peer(try peer())).makeAsyncIterator()
        let first = try #require(try await updates.next())
        #expect(first.svids.map(\.id.path) == ["/a"])
        #expect(first.svids[0].key.pkcs8.isEmpty == false)
        #expect(first.svids[0].chain[0].subjectPublicKeyInfo == first.svids[0].key.subjectPublicKeyInfo)
        // Only the sequence number is another: the workload sees nothing of it.
        trust(authority.bundle(sequence: 2))
        await put(Sample.entry("b", path: "/b", createdAt: 2))
        let second = try #require(try await updates.next())
        #expect(second.svids.map(\.id.path) == ["/a", "/b"])
    }

    @Test func `a state that is the same as before is not given again`() async throws {
        let subscription = cache.subscribe([Sample.web], needsSVIDs: false, at: Sample.now)
        let reads = Counter()
        let updates = WorkloadUpdates<Int>(subscription) {
            subscription.bell.ring()
            return .ready([1, 1, 1, 2][reads.next() - 1])
        }
        var iterator = updates.makeAsyncIterator()
        #expect(try await iterator.next() == 1)
        #expect(try await iterator.next() == 2)
        #expect(reads.value == 4)
    }

    @Test func `who reads slowly gets the newest state only`() async throws {
        await put(Sample.entry("a", path: "/a", createdAt: 1))
        var updates = try await facade().x509Updates(for: me).makeAsyncIterator()
        _ = try await updates.next()
        for number in 2...5 { await put(Sample.entry("e\(number)", path: "/e\(number)", createdAt: Int64(number))) }
        #expect(try await updates.next()?.svids.count == 5)
    }

    @Test func `a stream waits for what is being signed`() async throws {
        let entry = Sample.entry("a")
        await put(entry, signed: false)
        let stream = try await facade().x509Updates(for: me)
        async let first = { () async throws -> X509Update? in
            var updates = stream.makeAsyncIterator()
            return try await updates.next()
        }()
        let held = Sample.held(entry, by: authority)
        cache.change { $0.finish(entry, .signed(held), at: Sample.now) }
        #expect(try await first?.svids.count == 1)
    }

    @Test func `a caller without an identity is told so at once`() async throws {
        var updates = try await facade().x509Updates(for: .peer(try peer())).makeAsyncIterator()
        await #expect(throws: WorkloadDenial.noIdentity) { try await updates.next() }
        var bundles = try await facade().x509BundleUpdates(for: me).makeAsyncIterator()
        await #expect(throws: WorkloadDenial.noIdentity) { try await bundles.next() }
        var keys = try await facade().jwtBundleUpdates(for: me).makeAsyncIterator()
        await #expect(throws: WorkloadDenial.noIdentity) { try await keys.next() }
    }

    @Test func `the stream ends when the last entry goes`() async throws {
        await put(Sample.entry("a"))
        var updates = try await facade().x509Updates(for: .peer(try peer())).makeAsyncIterator()
        _ = try await updates.next()
        cache.change { $0.apply(EntryChanges(removed: ["a"])) }
        await #expect(throws: WorkloadDenial.noIdentity) { try await updates.next() }
    }

    @Test func `a delegate sees a workload come and go`() async throws {
        _ = try peer(9)
        for workload in [me, .process(9)] {
            var updates = try await facade().x509Updates(for: workload).makeAsyncIterator()
            #expect(try await updates.next()?.svids.isEmpty == true)
            await put(Sample.entry("a"))
            #expect(try await updates.next()?.svids.map(\.entryID) == ["a"])
            cache.change { $0.apply(EntryChanges(removed: ["a"])) }
            let last = try #require(try await updates.next())
            #expect(last.svids.isEmpty)
            #expect(last.bundle.authorities == [authority.certificate])
        }
    }

    @Test func `a delegate follows the bundles of every trust domain`() async throws {
        let partner = TestAuthority(Sample.partner)
        var bundles = facade().allX509Bundles().makeAsyncIterator()
        var keys = facade().allJWTBundles().makeAsyncIterator()
        #expect(try await bundles.next()?.bundles.map(\.trustDomain) == [Sample.domain])
        #expect(try await keys.next()?.bundles.map(\.trustDomain) == [Sample.domain])
        // No entry asks for it.
        trust(authority.bundle(sequence: 2), federated: [partner.bundle()])
        #expect(try await bundles.next()?.bundles.map(\.trustDomain) == [Sample.domain, Sample.partner])
        #expect(try await keys.next()?.bundles.map(\.trustDomain) == [Sample.domain, Sample.partner])
    }

    @Test func `what the log says of a call has its name`() async throws {
        let log = LineCollector()
        let attestation = WorkloadAttestation(
            [FixedAttestor { _ in throw TimeIsUp() }], clock: clock, threads: BlockingThreads(), logger: log.logger)
        let process = try peer().process
        await CallID.$current.withValue("call-1") {
            _ = await #expect(throws: WorkloadDenial.attestationFailed) {
                try await attestation.selectors(of: process)
            }
        }
        _ = await #expect(throws: WorkloadDenial.attestationFailed) {
            try await attestation.selectors(ofPID: 0, in: processes.table)
        }
        #expect(log.lines.map(\.message) == ["Attestor failed", "No such process"])
        #expect(log.lines.map { $0.fields["request_id"] } == ["call-1", nil])
    }

    @Test func `the stream ends when the agent goes`() async throws {
        await put(Sample.entry("a"))
        var updates = try await facade().x509Updates(for: me).makeAsyncIterator()
        _ = try await updates.next()
        cache.close()
        await #expect(throws: WorkloadDenial.notServing) { try await updates.next() }
    }

    @Test func `a reader that goes gives its place back`() async throws {
        await put(Sample.entry("a"))
        do {
            let stream = try await facade().x509Updates(for: me)
            #expect(cache.read { $0.pinnedIDs } == ["a"])
            withExtendedLifetime(stream) {}
        }
        #expect(cache.read { $0.subscriberCount } == 0)
        #expect(cache.read { $0.pinnedIDs } == [])
    }

    @Test func `a reader whose task is cancelled gets no more`() async throws {
        await put(Sample.entry("a"), signed: false)
        let stream = try await facade().x509Updates(for: me)
        let reader = Task {
            var updates = stream.makeAsyncIterator()
            return try await updates.next()
        }
        reader.cancel()
        #expect(try await reader.value == nil)
    }

    @Test func `bundles follow the trust domains`() async throws {
        let partner = TestAuthority(Sample.partner)
        await put(Sample.entry("a") { $0.federatesWith = [Sample.partner] })
        let facade = facade()
        var bundles = try await facade.x509BundleUpdates(for: me).makeAsyncIterator()
        var keys = try await facade.jwtBundleUpdates(for: me).makeAsyncIterator()
        #expect(try await bundles.next()?.bundles.map(\.trustDomain) == [Sample.domain])
        #expect(try await keys.next()?.bundles.count == 1)
        trust(authority.bundle(sequence: 2), federated: [partner.bundle()])
        #expect(try await bundles.next()?.bundles.map(\.trustDomain) == [Sample.domain, Sample.partner])
        #expect(try await keys.next()?.bundles.map(\.trustDomain) == [Sample.domain, Sample.partner])
    }

    @Test func `revocation of the last authority reaches a workload as another bundle, never an empty one`()
        async throws
    {
        await put(Sample.entry("a"))
        var updates = try await facade().x509Updates(for: me).makeAsyncIterator()
        let before = try #require(try await updates.next())
        trust(try TrustBundle(trustDomain: Sample.domain, sequence: 2))
        let after = try #require(try await updates.next())
        #expect(after.svids == before.svids)
        #expect(after.bundle.authorities.count == 1)
        #expect(after.bundle != before.bundle)
        let chain = after.svids[0].chain
        #expect(X509SVIDOutcome.verifying(chain: chain, against: after.bundle, at: Sample.now).svid == nil)
    }

    // MARK: Who is meant

    @Test func `a caller is attested anew for each call`() async throws {
        await put(Sample.entry("a"))
        let peer = try peer()
        let facade = facade()
        _ = try await facade.x509Updates(for: .peer(peer))
        processes.add(7, startTime: 200)
        await #expect(throws: WorkloadDenial.attestationFailed) { try await facade.x509Updates(for: .peer(peer)) }
        await #expect(throws: WorkloadDenial.attestationFailed) {
            try await facade.jwtSVIDs(for: .peer(peer), audience: ["a"])
        }
    }

    @Test func `delegates name workloads by selectors or by process`() async throws {
        await put(Sample.entry("a"), Sample.entry("b") { $0.isAdmin = true })
        let facade = facade()
        _ = try peer(9)
        for workload in [me, .process(9)] {
            var updates = try await facade.x509Updates(for: workload).makeAsyncIterator()
            #expect(try await updates.next()?.svids.map(\.entryID) == ["a"])
            #expect(try await facade.jwtSVIDs(for: workload, audience: ["x"]).count == 1)
        }
        await #expect(throws: WorkloadDenial.invalidArgument("selectors must be specified")) {
            try await facade.x509Updates(for: .selectors([]))
        }
        await #expect(throws: WorkloadDenial.attestationFailed) { try await facade.x509Updates(for: .process(0)) }
    }

    @Test func `only who is named may ask for others`() async throws {
        await put(Sample.entry("a"))
        let caller = try peer()
        await #expect(throws: WorkloadDenial.notADelegate) { try await facade().authorizeDelegate(caller) }
        let named = facade(WorkloadPolicy(delegates: [try SPIFFEID("spiffe://example.org/web")]))
        try await named.authorizeDelegate(caller)
        let stranger = try peer(8, uid: 1)
        await #expect(throws: WorkloadDenial.notADelegate) { try await named.authorizeDelegate(stranger) }
    }

    // MARK: Tokens

    @Test func `a workload gets a token for each identity, or for one`() async throws {
        await put(Sample.entry("a", path: "/a", createdAt: 1, hint: "h"), Sample.entry("b", path: "/b", createdAt: 2))
        let facade = facade()
        let all = try await facade.jwtSVIDs(for: me, audience: ["x", "x"])
        #expect(all.map(\.id.path) == ["/a", "/b"])
        #expect(all.map(\.hint) == ["h", ""])
        let one = try await facade.jwtSVIDs(for: me, audience: ["x"], id: "spiffe://example.org/b")
        #expect(one.map(\.id.path) == ["/b"])
        #expect(one[0].token == all[1].token)
        #expect(try await facade.jwtSVIDs(for: me, audience: ["x"], id: "").count == 2)
    }

    @Test func `wrong requests for tokens are refused`() async throws {
        await put(Sample.entry("a"))
        let facade = facade(WorkloadPolicy(mostAudiences: 2))
        for audience in [[], [""], ["x", ""]] {
            await #expect(throws: WorkloadDenial.audienceMissing) {
                try await facade.jwtSVIDs(for: me, audience: audience)
            }
        }
        for (audience, id, status) in [
            (["1", "2", "3"], "", WorkloadDenial.Status.invalidArgument), (["x"], "nonsense", .invalidArgument),
            (["x"], "spiffe://example.org/other", .permissionDenied),
        ] {
            let denial = await #expect(throws: WorkloadDenial.self) {
                try await facade.jwtSVIDs(for: me, audience: audience, id: id)
            }
            #expect(denial?.status == status)
        }
        await #expect(throws: WorkloadDenial.noIdentity) {
            try await facade.jwtSVIDs(for: .selectors([Sample.other]), audience: ["x"])
        }
    }

    @Test func `a token is kept for half of its life, and longer while the issuer is away`() async throws {
        await put(Sample.entry("a"))
        let facade = facade()
        func token() async throws -> String { try await facade.jwtSVIDs(for: me, audience: ["x"])[0].token }
        let first = try await token()
        #expect(try await token() == first)
        #expect(await issuer.calls[.jwt] == 1)
        clock.advance(by: .seconds(150))
        await issuer.fail(.jwt, .unavailable)
        #expect(try await token() == first)
        #expect(try await token() != first)
        #expect(await issuer.calls[.jwt] == 3)
        clock.advance(by: .seconds(299))
        await issuer.fail(.jwt, .unavailable)
        _ = try await token()
        clock.advance(by: .seconds(1))
        await issuer.fail(.jwt, .unavailable)
        await #expect(throws: WorkloadDenial.unavailable("could not fetch JWT-SVID")) { try await token() }
    }

    @Test func `tokens that can't be had do not fill the log`() async throws {
        let log = LineCollector()
        await put(Sample.entry("a"))
        await issuer.keepFailing(.jwt, .unavailable)
        let facade = facade(logger: log.logger)
        for _ in 0..<25 {
            await #expect(throws: WorkloadDenial.unavailable("could not fetch JWT-SVID")) {
                _ = try await facade.jwtSVIDs(for: me, audience: ["x"])
            }
        }
        #expect(log.lines.map(\.message) == Array(repeating: "JWT-SVID not issued", count: 20))
    }

    @Test func `who is not taken for the issuer does not end the use of a kept token`() async throws {
        await put(Sample.entry("a"))
        let facade = facade()
        let first = try await facade.jwtSVIDs(for: me, audience: ["x"])
        clock.advance(by: .seconds(150))
        await issuer.fail(.jwt, .untrustedIssuer)
        #expect(try await facade.jwtSVIDs(for: me, audience: ["x"]) == first)
    }

    @Test func `a token whose key is tainted while a new one is asked for is not given out`() async throws {
        await put(Sample.entry("a"))
        let facade = facade()
        _ = try await facade.jwtSVIDs(for: me, audience: ["x"])
        clock.advance(by: .seconds(150))
        await issuer.change { $0.hangs = true }
        let answer = Task { [me] in try await facade.jwtSVIDs(for: me, audience: ["x"]) }
        await clock.untilSleeping(2)
        facade.tokens.keepOnly(keyIDs: [])
        clock.advance(by: .seconds(30))
        await #expect(throws: WorkloadDenial.unavailable("could not fetch JWT-SVID")) { try await answer.value }
    }

    @Test func `a refusal of the issuer ends the use of a kept token`() async throws {
        await put(Sample.entry("a"))
        let facade = facade()
        _ = try await facade.jwtSVIDs(for: me, audience: ["x"])
        clock.advance(by: .seconds(150))
        await issuer.fail(.jwt, .denied)
        await #expect(throws: WorkloadDenial.self) { try await facade.jwtSVIDs(for: me, audience: ["x"]) }
    }

    @Test func `a token with an identifier of its own is never served twice`() async throws {
        await put(Sample.entry("a") { $0.includesTokenID = true })
        let facade = facade()
        for _ in 0..<2 { _ = try await facade.jwtSVIDs(for: me, audience: ["x"]) }
        #expect(await issuer.calls[.jwt] == 2)
    }

    @Test func `a token that the issuer should not have made is not given out`() async throws {
        await put(Sample.entry("a"))
        // Another authority's keys, which the bundle does not have.
        trust(TestAuthority().bundle(sequence: 5))
        let isOver = Mutex(false)
        let answer = Task { [me, facade = facade()] in
            defer { isOver.withLock { $0 = true } }
            return try await facade.jwtSVIDs(for: me, audience: ["x"])
        }
        // The key is looked for a while.
        while !isOver.withLock({ $0 }) {
            clock.advance(by: .milliseconds(250))
            await Task.yield()
        }
        await #expect(throws: WorkloadDenial.self) { try await answer.value }
        #expect(await issuer.calls[.jwt] == 1)
        trust(authority.bundle(sequence: 6))
        await issuer.change { issuer in issuer.entries[0].spiffeID = try! SPIFFEID("spiffe://example.org/else") }
        await #expect(throws: WorkloadDenial.self) { try await facade().jwtSVIDs(for: me, audience: ["x"]) }
    }

    @Test func `a token for more audiences than were asked for is not given out`() async throws {
        await put(Sample.entry("a"))
        await issuer.change { $0.furtherAudiences = ["y"] }
        await #expect(throws: WorkloadDenial.self) { try await facade().jwtSVIDs(for: me, audience: ["x"]) }
        await issuer.change { $0.furtherAudiences = [] }
        #expect(try await facade().jwtSVIDs(for: me, audience: ["y", "x"]).count == 1)
    }

    @Test func `an issuer that hangs costs the caller no more than the patience`() async throws {
        await put(Sample.entry("a"))
        await issuer.change { $0.hangs = true }
        let facade = facade()
        let answer = Task { [me] in try await facade.jwtSVIDs(for: me, audience: ["x"]) }
        await clock.untilSleeping(2)
        clock.advance(by: .seconds(30))
        await #expect(throws: WorkloadDenial.unavailable("could not fetch JWT-SVID")) { try await answer.value }
    }

    @Test func `calls to an issuer that hangs do not pile up`() async throws {
        await put(Sample.entry("a", path: "/a"), Sample.entry("b", path: "/b"))
        await issuer.change { $0.hangs = true }
        let (facade, me) = (facade(), me)
        @Sendable func token(_ audience: Int, _ id: String) async throws -> [WorkloadToken] {
            try await facade.jwtSVIDs(for: me, audience: ["\(audience)"], id: "spiffe://example.org/\(id)")
        }
        let most = TokenIssuance.mostPending
        await withTaskGroup(of: Void.self) { group in
            for audience in 0..<most { group.addTask { _ = try? await token(audience, "a") } }
            await issuer.until(.jwt, most)
            await #expect(throws: WorkloadDenial.unavailable("could not fetch JWT-SVID")) { try await token(most, "a") }
            #expect(await issuer.calls[.jwt] == most)
            // Another identity has room of its own.
            group.addTask { _ = try? await token(0, "b") }
            await issuer.until(.jwt, most + 1)
            group.cancelAll()
        }
        await issuer.change { $0.hangs = false }
        #expect(try await token(most, "a").count == 1)
    }

    // MARK: Validation

    @Test func `a token is checked by the bundles that the workload has`() async throws {
        let partner = TestAuthority(Sample.partner)
        await put(Sample.entry("a") { $0.federatesWith = [Sample.partner] })
        trust(authority.bundle(sequence: 2), federated: [partner.bundle()])
        let own = await authority.token(try SPIFFEID("spiffe://example.org/x"), audience: ["me"], at: Sample.now)
        let foreign = await partner.token(try SPIFFEID("spiffe://partner.test/x"), audience: ["me"], at: Sample.now)
        let facade = facade()
        let valid = try await facade.validate(token: own.token, audience: "me", for: me)
        #expect(valid.id.path == "/x")
        #expect(Set(valid.claims.labels) == ["sub", "aud", "exp", "iat"])
        let other = try await facade.validate(token: foreign.token, audience: "me", for: me)
        #expect(Set(other.claims.labels) == ["sub", "aud", "exp"])
        let open = self.facade(WorkloadPolicy(foreignClaims: ["iat"]))
        #expect(
            Set(try await open.validate(token: foreign.token, audience: "me", for: me).claims.labels)
                == ["sub", "aud", "exp", "iat"])
    }

    @Test func `a token that does not hold is an invalid argument`() async throws {
        await put(Sample.entry("a"))
        let partner = TestAuthority(Sample.partner)
        trust(authority.bundle(sequence: 2), federated: [partner.bundle()])
        let facade = facade()
        let good = await authority.token(try SPIFFEID("spiffe://example.org/x"), audience: ["me"], at: Sample.now)
        // The workload's entries don't federate with that trust domain, though the agent has its bundle.
        let foreign = await partner.token(try SPIFFEID("spiffe://partner.test/x"), audience: ["me"], at: Sample.now)
        for (token, audience) in [
            (good.token, "you"), (good.token + "x", "me"), ("", "me"), (foreign.token, "me"), (good.token, ""),
        ] {
            let denial = await #expect(throws: WorkloadDenial.self) {
                try await facade.validate(token: token, audience: audience, for: me)
            }
            #expect(denial?.status == .invalidArgument)
        }
        clock.advance(by: .seconds(361))
        await #expect(throws: WorkloadDenial.self) {
            try await facade.validate(token: good.token, audience: "me", for: me)
        }
    }

    @Test func `strangers may check tokens only where that is allowed`() async throws {
        let good = await authority.token(try SPIFFEID("spiffe://example.org/x"), audience: ["me"], at: Sample.now)
        await #expect(throws: WorkloadDenial.noIdentity) {
            try await facade().validate(token: good.token, audience: "me", for: me)
        }
        let open = facade(WorkloadPolicy(allowsUnauthenticatedVerifiers: true))
        _ = try await open.validate(token: good.token, audience: "me", for: me)
        var bundles = try await open.x509BundleUpdates(for: me).makeAsyncIterator()
        #expect(try await bundles.next()?.bundles.count == 1)
        var keys = try await open.jwtBundleUpdates(for: me).makeAsyncIterator()
        #expect(try await keys.next()?.bundles.count == 1)
    }

    @Test func `the texts on the wire are those of SPIRE`() {
        #expect(WorkloadDenial.noIdentity.message == "no identity issued")
        #expect(WorkloadDenial.noIdentity.status == .permissionDenied)
        #expect(WorkloadDenial.attestationFailed.message == "workload attestation failed")
        #expect(WorkloadDenial.attestationFailed.status == .unavailable)
        #expect(WorkloadDenial.audienceMissing.message == "audience must be specified")
        #expect(WorkloadDenial.audienceMissing.status == .invalidArgument)
    }
}
