// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing
import X509

@testable import NodeAgent

struct TrustStateTests {
    let authority = TestAuthority()
    var trust = TrustState()

    private mutating func set(_ bundle: TrustBundle) throws {
        try trust.setOwn(bundle) { try TombstoneAuthority.make($0, at: Sample.now) }
    }

    @Test mutating func `the own bundle is what the issuer has`() throws {
        try set(authority.bundle(sequence: 1))
        #expect(trust.ownX509?.authorities == [authority.certificate])
        let next = TestAuthority()
        try set(next.bundle(sequence: 2))
        #expect(trust.ownX509?.authorities == [next.certificate])
        #expect(trust.condemns(authority.certificate))
        #expect(!trust.condemns(next.certificate))
    }

    @Test mutating func `an older bundle brings nothing back`() throws {
        let next = TestAuthority()
        try set(next.bundle(sequence: 2))
        try set(authority.bundle(sequence: 1))
        #expect(trust.ownX509?.authorities == [next.certificate])
    }

    @Test mutating func `when the last authority is gone, workloads get one under which nothing is valid`() throws {
        try set(authority.bundle(sequence: 1))
        try set(try TrustBundle(trustDomain: Sample.domain, sequence: 2))
        let tombstone = try #require(trust.ownX509)
        #expect(tombstone.authorities.count == 1)
        #expect(tombstone.authorities != [authority.certificate])
        #expect(trust.condemns(authority.certificate))
        // It stays the same as long as there is no other.
        try set(try TrustBundle(trustDomain: Sample.domain, sequence: 3))
        #expect(trust.ownX509 == tombstone)
        try set(authority.bundle(sequence: 4))
        #expect(trust.ownX509?.authorities == [authority.certificate])
    }

    @Test mutating func `a domain is not empty even at the first contact`() throws {
        try set(try TrustBundle(trustDomain: Sample.domain))
        #expect(trust.ownX509?.authorities.count == 1)
    }

    @Test func `a tombstone is a valid authority of the trust domain`() throws {
        let tombstone = try TombstoneAuthority.make(Sample.domain, at: Sample.now)
        #expect(tombstone.isAuthority)
        #expect(tombstone.uris == ["spiffe://example.org"])
        #expect(tombstone.keyUsage?.keyCertSign == true)
        #expect(tombstone.hasSignature(by: tombstone))
        #expect(tombstone.isValid(at: Sample.now))
        #expect(
            try TombstoneAuthority.make(Sample.domain, at: Sample.now).subjectPublicKeyInfo
                != tombstone.subjectPublicKeyInfo)
    }

    @Test mutating func `tainted and unknown token keys sign nothing that is handed out`() throws {
        var tainted = authority.tokenAuthority
        tainted.isTainted = true
        let other = TestAuthority()
        try set(try TrustBundle(trustDomain: Sample.domain, jwtAuthorities: [tainted, other.tokenAuthority]))
        #expect(trust.tokenKeyIDs == [other.tokenAuthority.keyID])
    }

    @Test mutating func `empty bundles of others are left out`() throws {
        trust.setFederated(try TrustBundle(trustDomain: Sample.partner), of: Sample.partner)
        #expect(trust.federatedX509([Sample.partner]).isEmpty)
        trust.setFederated(TestAuthority(Sample.partner).bundle(), of: Sample.partner)
        #expect(trust.federatedX509([Sample.partner]).count == 1)
        trust.keepFederated([])
        #expect(trust.federated.isEmpty)
    }
}
