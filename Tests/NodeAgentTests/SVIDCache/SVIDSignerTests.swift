// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import NodeAgent

struct SVIDSignerTests {
    let authority = TestAuthority()
    let clock = TestClock()
    let issuer: ScriptedIssuer
    let cache = SVIDCache(capacity: 2000)
    let signer: SVIDSigner

    init() {
        issuer = ScriptedIssuer(authority, clock: clock)
        signer = SVIDSigner(
            cache, issuer: issuer, clock: clock, keyKind: .p256, threads: BlockingThreads(), jitter: Sample.steady,
            logger: Sample.silent)
        cache.change { [authority] state in
            var trust = state.trust
            try! trust.setOwn(authority.bundle()) { try TombstoneAuthority.make($0, at: Sample.now) }
            return state.apply(trust)
        }
    }

    private func put(_ count: Int) async {
        let entries = (0..<count).map { Sample.entry("e\($0)", path: "/e\($0)") }
        await issuer.change { $0.entries = entries }
        cache.change { $0.apply(EntryChanges(updated: entries)) }
    }

    private var held: Int { cache.read { $0.heldCount } ?? -1 }

    @Test func `what is missing is signed, each with a key of its own`() async throws {
        await put(3)
        try await signer.signDue()
        #expect(held == 3)
        let keys = (0..<3).compactMap { number in cache.read { $0.held("e\(number)")?.svid.key } ?? nil }
        #expect(Set(keys).count == 3)
        try await signer.signDue()
        #expect(await issuer.batches == [3])
    }

    @Test func `a batch that is too much is halved, and grows again`() async throws {
        await put(6)
        await issuer.fail(.x509, .resourceExhausted, .resourceExhausted)
        try await signer.signDue()
        #expect(held == 6)
        #expect(await issuer.batches == [6, 3, 1, 2, 3])
    }

    @Test func `batches have an upper bound`() async throws {
        await put(501)
        try await signer.signDue()
        #expect(await issuer.batches == [500, 1])
        #expect(held == 501)
    }

    @Test func `batches of slow keys are small`() {
        #expect(SVIDSigner.largestBatch(.rsa2048) == 16)
    }

    @Test func `what the issuer does not do is tried again later, and who waits is told`() async throws {
        await put(1)
        await issuer.fail(.x509, .unavailable)
        await #expect(throws: IssuerClientError(.unavailable)) { try await signer.signDue() }
        #expect(
            cache.read { $0.x509([Sample.web], isDelegated: false, at: Sample.now) }?.denial?.status == .unavailable)
        try await signer.signDue()
        #expect(held == 0)
        clock.advance(by: .seconds(5))
        try await signer.signDue()
        #expect(held == 1)
    }

    @Test func `a refusal that concerns the agent leaves everything due`() async throws {
        await put(1)
        await issuer.fail(.x509, .agentNotActive)
        await #expect(throws: IssuerClientError(.agentNotActive)) { try await signer.signDue() }
        try await signer.signDue()
        #expect(held == 1)
    }

    @Test func `one that is refused holds up no other`() async throws {
        await put(2)
        await issuer.change { $0.refusals["e0"] = IssuerClientError(.denied) }
        try await signer.signDue()
        #expect(held == 1)
        let reading = cache.read { $0.x509([Sample.web], isDelegated: false, at: Sample.now) }
        #expect(reading?.update?.svids.map(\.entryID) == ["e1"])
    }

    @Test func `too few answers are no answer`() async throws {
        await put(2)
        await issuer.change { $0.loses = 1 }
        let error = await #expect(throws: IssuerClientError.self) { try await signer.signDue() }
        #expect(error?.code == .malformedAnswer)
        #expect(held == 0)
    }

    @Test func `chains that do not hold are not taken`() async throws {
        let entry = Sample.entry("e0", path: "/e0")
        let foreign = TestAuthority()
        let other = Sample.held(entry, by: authority).svid.chain.map(\.der)
        let damages: [@Sendable ([[UInt8]]) -> [[UInt8]]] = [
            { _ in [] }, { $0.map { Array($0.dropLast()) } }, { _ in other },
            { _ in Sample.held(entry, by: foreign).svid.chain.map(\.der) },
        ]
        for damage in damages {
            await put(1)
            await issuer.change { $0.damage = damage }
            try await signer.signDue()
            #expect(held == 0)
            cache.change { $0.apply(EntryChanges(removed: ["e0"])) }
        }
        await put(1)
        await issuer.change { issuer in
            issuer.damage = { $0 }
            issuer.entries[0].spiffeID = try! SPIFFEID("spiffe://example.org/else")
        }
        try await signer.signDue()
        #expect(held == 0)
    }

    @Test func `keys may be RSA`() throws {
        let key = try SVIDKey.random(.rsa2048)
        let request = try key.certificateRequest()
        let chain = authority.chain(
            try SPIFFEID("spiffe://example.org/web"), request: request, notBefore: Sample.now)
        #expect(try X509Certificate(der: chain[0]).subjectPublicKeyInfo == key.subjectPublicKeyInfo)
        #expect(key.pkcs8.isEmpty == false)
        #expect(SVIDKey(p256PKCS8: key.pkcs8) == nil)
        let other = try SVIDKey.random(.p256)
        #expect(SVIDKey(p256PKCS8: other.pkcs8) == other)
    }
}
