// SPDX-License-Identifier: Apache-2.0

import KERI
import KERINetwork
import KelmarkBytes
import KelmarkCrypto
import Testing

/// Stops everything before and behind each durable write, and goes on with a new wallet over what is left.
@Suite struct CrashTests {
    /// The work that is interrupted: an organisation, a delegate, its approval, rotations of both.
    private func work(_ wallet: Wallet<FaultyStore>) async throws {
        if try !has(wallet, "acme") {
            var plan = CreationPlan(name: "acme")
            plan.keyCount = 2
            _ = try await wallet.create(plan, now: moment())
        }
        let organisation = try Controller(wallet, "acme")
        if try !has(wallet, "issuer") {
            var plan = CreationPlan(name: "issuer")
            plan.delegator = organisation.aid
            plan.salt = (try .random(count: 16), nil, .temporary)
            _ = try await wallet.create(plan, now: moment(1))
        }
        let issuer = try Controller(wallet, "issuer").aid
        if try wallet.keyState(of: issuer) == nil {
            _ = try await organisation.approve(issuer, now: moment(2))
        }
        if try organisation.keyState().establishmentSn == .zero {
            _ = try await organisation.rotate(RotationPlan(), now: moment(3))
        }
        if try wallet.keyState(of: issuer)?.sn == .zero, try wallet.identifier("issuer").waitingEvent == nil {
            _ = try await Controller(wallet, "issuer").rotate(RotationPlan(), now: moment(4))
        }
        if try wallet.keyState(of: issuer)?.sn == .zero {
            _ = try await organisation.approve(issuer, now: moment(5))
        }
    }

    private func has(_ wallet: Wallet<FaultyStore>, _ name: String) throws -> Bool {
        try wallet.identifiers().contains { $0.name == name }
    }

    private func writes() async throws -> Int {
        let outage = Outage()
        try await work(Medium().wallet(outage))
        return outage.writes
    }

    @Test func everyMomentCanBeTheLast() async throws {
        let count = try await writes()
        #expect(count > 10)
        for number in 1...count {
            for moment in [Outage.Moment.before(number), .behind(number)] {
                try await crash(at: moment)
            }
        }
    }

    /// One write that fails, after which the process itself goes on: what it tidies up must not be in use.
    @Test func everyWriteCanFailOnce() async throws {
        for number in 1...(try await writes()) { try await crash(at: .once(number)) }
    }

    private func crash(at moment: Outage.Moment) async throws {
        let medium = Medium()
        var stopped = false
        do {
            try await work(medium.wallet(Outage(moment)))
        } catch is Outage.Happened {
            stopped = true
        }
        #expect(stopped, "\(moment)")
        try expectEveryKeyIsThere(medium, moment)
        // A new process looks at what is left and goes on.
        let wallet = medium.wallet()
        try wallet.refresh(now: KelmarkCLITests.moment(6))
        try await work(wallet)
        let issuer = try Controller(wallet, "issuer").aid
        #expect(try wallet.keyState(of: issuer)?.sn.value == 1, "\(moment)")
        #expect(try wallet.identifiers().map(\.name) == ["acme", "issuer"], "\(moment)")
        #expect(try wallet.identifiers().allSatisfy { $0.waitingEvent == nil }, "\(moment)")
        #expect(try medium.store.read { $0.duplicities(of: nil) }.isEmpty, "\(moment)")
        try expectEveryKeyIsThere(medium, moment)
        try expectNoOrphans(medium, moment)
        // No key is ever used twice.
        for time in [7, 9] as [Int64] {
            _ = try await Controller(wallet, "issuer").rotate(RotationPlan(), now: KelmarkCLITests.moment(time))
            _ = try await Controller(wallet, "acme").approve(issuer, now: KelmarkCLITests.moment(time + 1))
        }
        let records = try medium.store.read { $0.records(of: issuer, from: 0, limit: 10) }
        let keys = try records.flatMap { record in
            try #require(OrderedValue(parsing: record.bytes.span, format: .json)["k"]?.listValue)
        }
        #expect(keys.count == 4 && Set(keys).count == 4, "\(moment)")
    }

    /// Every log and every waiting event belongs to an AID that still has its name.
    private func expectNoOrphans(_ medium: Medium, _ moment: Outage.Moment) throws {
        let named = Set(medium.book.load().map(\.aid))
        let (logs, waiting) = try medium.store.read { transaction in
            (
                transaction.aids(after: nil, limit: 10),
                transaction.escrows(reason: nil, aid: nil, limit: 10).map(\.key.aid)
            )
        }
        #expect(named.isSuperset(of: logs + waiting), "\(moment)")
    }

    /// No event, accepted or waiting, commits to a key that the vault lacks.
    private func expectEveryKeyIsThere(_ medium: Medium, _ moment: Outage.Moment) throws {
        let held = Set(medium.vault.list().compactMap { VerificationKey($0.name) })
        let digests = Set(held.map { KeyDigest(of: $0) })
        let aids = try medium.store.read { $0.aids(after: nil, limit: 10) }
        for aid in aids {
            let state = try #require(try medium.store.read { $0.keyState(of: aid) })
            #expect(state.keys.allSatisfy(held.contains), "\(moment)")
            #expect(state.nextDigests.allSatisfy(digests.contains), "\(moment)")
        }
        for request in try medium.wallet().delegationRequests() {
            let stated = try #require(request.event.establishment)
            #expect(stated.keys.allSatisfy(held.contains), "\(moment)")
            #expect(stated.nextDigests.allSatisfy(digests.contains), "\(moment)")
        }
    }
}
