// SPDX-License-Identifier: Apache-2.0

// The names are those of the vector file.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import KelmarkTestSupport
import SPIFFE
import Testing

@testable import Issuer

/// `logic.json`: moments of rotation and lifetimes.
@Suite struct LifetimeVectorTests {
    struct Rotation: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let issued_at: Int64
        let not_after: Int64
        let prepare_next_after: Int64
        let activate_next_after: Int64
        let max_safe_svid_ttl: Int64
        var testDescription: String { name }
    }

    struct Lifetime: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let requested: Int64
        let `default`: Int64
        let ca_remaining: Int64
        let expect_lifetime: Int64
        var testDescription: String { name }
    }

    struct Logic: Decodable, Sendable {
        let ca_rotation: [Rotation]
        let svid_ttl: [Lifetime]
    }

    static let logic = try! Vectors.decode(Logic.self, from: "SPIFFE/logic.json")

    @Test func allCasesAreThere() {
        #expect(Self.logic.ca_rotation.count == 3)
        #expect(Self.logic.svid_ttl.count == 3)
    }

    @Test(arguments: logic.ca_rotation) func rotation(_ vector: Rotation) throws {
        let start = try #require(CertificateTime(seconds: vector.issued_at))
        let end = try #require(CertificateTime(seconds: vector.not_after))
        let schedule = RotationSchedule(issuedAt: start, notAfter: end)
        #expect(schedule.prepareNext.seconds == vector.prepare_next_after)
        #expect(schedule.activateNext.seconds == vector.activate_next_after)
        var configuration = IssuerConfiguration(trustDomain: IssuerFixture.domain)
        configuration.authorityLifetime = vector.not_after - vector.issued_at
        #expect(configuration.longestSafeTTL == vector.max_safe_svid_ttl)
    }

    @Test(arguments: logic.svid_ttl) func lifetime(_ vector: Lifetime) throws {
        let seconds = try IssuanceLifetime.seconds(
            requested: vector.requested, standard: vector.default, remaining: vector.ca_remaining)
        #expect(seconds == vector.expect_lifetime)
    }

    /// The same through the whole issuer.
    @Test(arguments: logic.svid_ttl) func lifetimeOfAnSVID(_ vector: Lifetime) async throws {
        let fixture = try await IssuerFixture {
            $0.x509TTL = vector.default
            $0.jwtTTL = vector.default
        }
        fixture.clock.advance(by: 86_400 - vector.ca_remaining)
        let entry = IssuerFixture.entry(x509TTL: Int32(vector.requested), jwtTTL: Int32(vector.requested))
        let now = fixture.clock.now()
        let leaf = try await fixture.issued(entry).leaf
        #expect(leaf.notAfter.seconds - now.seconds == vector.expect_lifetime)
        let token = try await fixture.issuing.newJWTSVID(
            entry: entry, audiences: ["a"], for: IssuerFixture.requester)
        #expect(token.expiresAt.seconds - now.seconds == vector.expect_lifetime)
    }
}
