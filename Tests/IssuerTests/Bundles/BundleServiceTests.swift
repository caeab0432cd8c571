// SPDX-License-Identifier: Apache-2.0

import JOSE
import SPIFFE
import SwiftASN1
import Testing
import X509

@testable import Issuer

@Suite struct BundleServiceTests {
    private static func root(of fixture: IssuerFixture) throws -> X509Certificate {
        try #require(fixture.authorities.state.x509.active?.certificate)
    }

    @Test func appendingCountsOnce() async throws {
        let fixture = try await IssuerFixture()
        let other = try Self.root(of: try await IssuerFixture())
        let key = try TokenAuthority(keyID: "other", key: PrivateKeySample.next())
        let before = try #require(fixture.bundles.bundle.sequence)
        let bundle = try await fixture.bundles.append(x509Authorities: [other], jwtAuthorities: [key])
        #expect(bundle.sequence == before + 1)
        #expect(bundle.x509Authorities.map(\.certificate).contains(other))
        #expect(bundle.jwtAuthorities.contains(key))
        #expect(try await fixture.bundles.append(x509Authorities: [other], jwtAuthorities: [key]) == bundle)
        let again = try await fixture.restarted()
        #expect(again.bundles.bundle == bundle)
    }

    @Test func aKeyIDNamesOneKey() async throws {
        let fixture = try await IssuerFixture()
        let own = try #require(fixture.authorities.state.jwt.active).authorityID
        let thief = try TokenAuthority(keyID: own, key: PrivateKeySample.next())
        await #expect(throws: IssuerError(.alreadyExists, "another JWT authority has this key ID")) {
            try await fixture.bundles.append(jwtAuthorities: [thief])
        }
    }

    @Test func onlyAuthoritiesOfTheDomainAreTaken() async throws {
        let fixture = try await IssuerFixture()
        let leaf = try await fixture.issued().leaf
        let foreign = try Self.root(
            of: try await IssuerFixture { $0.trustDomain = try! TrustDomain("other.org") })
        // It has the right name, and may sign nothing.
        let key = try PrivateKey(generating: .p256)
        let now = fixture.clock.now()
        let content = try CertificateProfile.leaf(
            publicKey: try Certificate.PublicKey(derEncoded: key.publicKey.subjectPublicKeyInfo),
            id: IssuerFixture.domain.id, dnsNames: [], subject: leaf.certificate.subject,
            issuer: .init(
                name: leaf.certificate.issuer, keyIdentifier: try #require(leaf.subjectKeyIdentifier),
                notBefore: leaf.notBefore, notAfter: leaf.notAfter),
            validity: .init(notBefore: now, notAfter: leaf.notAfter), serial: try RandomSource.system.serial())
        let body = try content.body(for: .ecdsaWithSHA256)
        let named = try CertificateContent.certificate(
            body: body, signature: try key.signature(over: body, algorithm: .es256), algorithm: .ecdsaWithSHA256)
        for wrong in [leaf, foreign, named] {
            await #expect(throws: IssuerError(.invalidArgument, "X.509 authority is none of this trust domain")) {
                try await fixture.bundles.append(x509Authorities: [wrong])
            }
        }
    }

    @Test func publishedKeysMustNotHaveEnded() async throws {
        let fixture = try await IssuerFixture()
        let key = try PrivateKeySample.next()
        let now = fixture.clock.now().seconds
        let over = try TokenAuthority(keyID: "below", key: key, expiresAt: now)
        await #expect(throws: IssuerError(.invalidArgument, "JWT authority has expired")) {
            try await fixture.bundles.publish(jwtAuthority: over)
        }
        let good = try TokenAuthority(keyID: "below", key: key, expiresAt: now + 60)
        #expect(try await fixture.bundles.publish(jwtAuthority: good).map(\.keyID).contains("below"))
    }

    @Test func theNumberOfAuthoritiesIsBounded() throws {
        var draft = DomainBundle.Draft(x509: [], jwt: [], refreshHint: nil)
        let key = try PrivateKeySample.next()
        for number in 0..<DomainBundle.mostAuthorities {
            try draft.append(try TokenAuthority(keyID: "k\(number)", key: key))
        }
        #expect(throws: IssuerError(.resourceExhausted, "bundle has too many JWT authorities")) {
            try draft.append(try TokenAuthority(keyID: "one more", key: key))
        }
    }

    /// Whoever may publish keys must not keep the issuer from replacing its own.
    @Test func aFullBundleHasRoomForTheIssuersOwnKeys() async throws {
        let fixture = try await IssuerFixture()
        let key = try PrivateKeySample.next()
        let many = try (1..<DomainBundle.mostAuthorities).map { try TokenAuthority(keyID: "k\($0)", key: key) }
        _ = try await fixture.bundles.append(jwtAuthorities: many)
        await #expect(throws: IssuerError(.resourceExhausted, "bundle has too many JWT authorities")) {
            try await fixture.bundles.publish(jwtAuthority: try TokenAuthority(keyID: "more", key: key))
        }
        let prepared = try await fixture.authorities.prepare(.jwt)
        _ = try await fixture.authorities.activate(.jwt, prepared.authorityID)
        #expect(fixture.bundles.bundle.jwtAuthorities.count == DomainBundle.mostAuthorities + 1)
        await #expect(throws: IssuerError(.resourceExhausted, "bundle has too many JWT authorities")) {
            try await fixture.bundles.publish(jwtAuthority: try TokenAuthority(keyID: "more", key: key))
        }
    }

    @Test func whatOthersAppendLeavesTheDocumentReadable() async throws {
        let fixture = try await IssuerFixture()
        let before = fixture.bundles.bundle
        let key = try PrivateKeySample.next()
        let long = try TokenAuthority(keyID: String(repeating: "k", count: DomainBundle.largestDocument), key: key)
        await #expect(throws: IssuerError(.resourceExhausted, "bundle is too large")) {
            try await fixture.bundles.append(jwtAuthorities: [long])
        }
        #expect(fixture.bundles.bundle == before)
    }

    @Test func pruningSparesWhatSigns() async throws {
        let fixture = try await IssuerFixture()
        let now = fixture.clock.now().seconds
        let key = try PrivateKeySample.next()
        for (id, end) in [("recent", now - 86_400), ("long gone", now - 86_401)] {
            _ = try await fixture.bundles.append(
                jwtAuthorities: [try TokenAuthority(keyID: id, key: key, expiresAt: end)])
        }
        #expect(try await fixture.bundles.prune())
        #expect(fixture.bundles.bundle.jwtAuthorities.map(\.keyID).contains("recent"))
        #expect(!fixture.bundles.bundle.jwtAuthorities.map(\.keyID).contains("long gone"))
        #expect(try await !fixture.bundles.prune())
        fixture.clock.jump(by: 10 * 86_400)
        #expect(try await fixture.bundles.prune())
        let state = fixture.authorities.state
        #expect(state.bundle.x509Authorities.map(\.certificate) == [try Self.root(of: fixture)])
        #expect(state.bundle.jwtAuthorities.map(\.keyID) == [try #require(state.jwt.active).authorityID])
    }

    @Test func readersGetTheNewestBundleAndNoOtherTwice() async throws {
        let fixture = try await IssuerFixture()
        var bundles = fixture.bundles.bundles().makeAsyncIterator()
        let first = await bundles.next()
        #expect(first == fixture.bundles.bundle)
        let prepared = try await fixture.authorities.prepare(.x509)
        // Activation changes no bundle.
        _ = try await fixture.authorities.activate(.x509, prepared.authorityID)
        _ = try await fixture.authorities.prepare(.jwt)
        #expect(await bundles.next() == fixture.bundles.bundle)
    }

    @Test func theRefreshHintIsAChange() async throws {
        let clock = ManualIssuerClock()
        let store = MemoryAuthorityStore()
        let first = try await IssuerFixture(clock: clock, authorityStore: store)
        let before = try #require(first.bundles.bundle.sequence)
        let fixture = try await IssuerFixture(clock: clock, authorityStore: store, starts: false) {
            $0.refreshHint = 60
        }
        #expect(fixture.bundles.bundle.refreshHint == 60)
        #expect(fixture.bundles.bundle.sequence == before + 1)
    }

    @Test func readersThatLeaveAreForgotten() async throws {
        let broadcaster = Broadcaster(0)
        do {
            var iterator = broadcaster.values().makeAsyncIterator()
            _ = await iterator.next()
            #expect(broadcaster.readerCount == 1)
        }
        let task = Task { for await _ in broadcaster.values() {} }
        while broadcaster.readerCount == 0 { await Task.yield() }
        task.cancel()
        await task.value
        while broadcaster.readerCount > 0 { await Task.yield() }
        #expect(broadcaster.value == 0)
    }
}
