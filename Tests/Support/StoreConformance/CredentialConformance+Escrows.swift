// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI

extension CredentialConformance {
    private func put(_ entries: [CredentialEscrowEntry], in store: Store) throws {
        for entry in entries { try write(store) { try $0.putCredentialEscrow(entry) } }
    }

    private func all(
        _ store: Store, reason: CredentialEscrowReason? = nil, subject: SAID? = nil, limit: Int = 99
    ) throws -> [CredentialEscrowEntry] {
        try store.read { (transaction: inout Transaction) in
            try transaction.credentialEscrows(reason: reason, subject: subject, after: nil, limit: limit).map(\.entry)
        }
    }

    func escrowOrder(_ store: Store) throws {
        let entries = [
            try CredentialSample.escrow(.missingChain, "b", seconds: 9),
            try CredentialSample.escrow(
                .outOfOrder, "a", waitsFor: [.registry(CredentialSample.said("r"))], isVerified: true),
            try CredentialSample.escrow(.missingChain, "a", issuer: "other", seconds: 5, missing: ""),
            try CredentialSample.escrow(
                .missingAnchor, "c",
                waitsFor: [
                    .keyEvents(CredentialSample.aid("x")), .status(CredentialSample.said("y")),
                    .credential(CredentialSample.said("y")), .schema(CredentialSample.said("y")),
                ]),
        ]
        try put(entries, in: store)
        let a = try CredentialSample.said("a")
        try expect(try all(store), is: entries)
        try expect(try all(store, limit: 2), is: Array(entries.prefix(2)))
        try expect(try all(store, limit: 0), is: [])
        try expect(try all(store, reason: .missingChain), is: [entries[0], entries[2]])
        try expect(try all(store, subject: a), is: [entries[1], entries[2]])
        try expect(try all(store, reason: .missingChain, subject: a), is: [entries[2]])
        try expect(try all(store, reason: .partialBackers), is: [])
        try read(store) { transaction in
            var place: UInt64?
            var found: [CredentialEscrowEntry] = []
            while let next = try transaction.credentialEscrows(
                reason: nil, subject: nil, after: place, limit: 1
            ).first {
                place = next.arrival
                found.append(next.entry)
            }
            try expect(found, is: entries)
            for entry in entries { try expect(try transaction.credentialEscrow(entry.key), is: entry) }
        }
        // What is removed and comes again is the youngest.
        try write(store) {
            try $0.removeCredentialEscrow(entries[0].key)
            try $0.putCredentialEscrow(entries[0])
            try $0.removeCredentialEscrow(CredentialSample.escrow(.missingSchema, "none").key)
        }
        try expect(try all(store), is: Array(entries.dropFirst()) + [entries[0]])
    }

    func escrowReplacement(_ store: Store) throws {
        let (registry, schema) = (try CredentialSample.said("r"), try CredentialSample.said("s"))
        let first = try CredentialSample.escrow(.outOfOrder, "a", waitsFor: [.registry(registry)])
        let second = try CredentialSample.escrow(.outOfOrder, "b", waitsFor: [.registry(registry)])
        try put([first, second], in: store)
        let changed = try CredentialSample.escrow(
            .outOfOrder, "a", issuer: "other", waitsFor: [.schema(schema)], isVerified: true, missing: "else")
        try put([changed], in: store)
        try expect(try all(store), is: [changed, second])
        let issuer = changed.issuer
        try read(store) { transaction in
            let waiting = try transaction.nextCredentialEscrow(waitingFor: .registry(registry), after: nil)
            try expect(waiting?.entry, is: second)
            let other = try transaction.nextCredentialEscrow(waitingFor: .schema(schema), after: nil)
            try expect(other?.entry, is: changed)
            try expect(try transaction.credentialEscrowCount(isVerified: true, issuer: issuer), is: 1)
            try expect(try transaction.credentialEscrowCount(isVerified: true, issuer: nil), is: 1)
            try expect(try transaction.credentialEscrowCount(isVerified: false, issuer: nil), is: 1)
            try expect(try transaction.credentialEscrowCount(isVerified: false, issuer: first.issuer), is: 1)
        }
    }

    func escrowWaiting(_ store: Store) throws {
        let (one, two) = (try CredentialSample.said("one"), try CredentialSample.said("two"))
        let entries = [
            try CredentialSample.escrow(.missingSchema, "a", waitsFor: [.schema(one), .schema(two)]),
            try CredentialSample.escrow(.missingChain, "b", waitsFor: [.credential(one)]),
            try CredentialSample.escrow(.missingSchema, "c", waitsFor: [.schema(two)]),
            try CredentialSample.escrow(.missingSchema, "d", waitsFor: [.schema(two), .credential(one)]),
        ]
        try put(entries, in: store)
        func waiting(for arrival: CredentialArrival) throws -> [CredentialEscrowEntry] {
            try store.read { (transaction: inout Transaction) in
                var place: UInt64?
                var found: [CredentialEscrowEntry] = []
                while let next = try transaction.nextCredentialEscrow(waitingFor: arrival, after: place) {
                    place = next.arrival
                    found.append(next.entry)
                }
                return found
            }
        }
        try expect(try waiting(for: .schema(one)), is: [entries[0]])
        try expect(try waiting(for: .schema(two)), is: [entries[0], entries[2], entries[3]])
        try expect(try waiting(for: .credential(one)), is: [entries[1], entries[3]])
        try expect(try waiting(for: .registry(one)), is: [])
        try write(store) { try $0.removeCredentialEscrow(entries[2].key) }
        try expect(try waiting(for: .schema(two)), is: [entries[0], entries[3]])
    }

    func escrowQuotas(_ store: Store) throws {
        let entries = [
            try CredentialSample.escrow(.missingChain, "a", isVerified: true),
            try CredentialSample.escrow(.outOfOrder, "b"), try CredentialSample.escrow(.outOfOrder, "c", issuer: "x"),
            try CredentialSample.escrow(.missingAnchor, "d", issuer: "x"),
            try CredentialSample.escrow(.missingChain, "e", issuer: "x", isVerified: true),
        ]
        try put(entries, in: store)
        let x = entries[2].issuer
        try read(store) { transaction in
            try expect(try transaction.credentialEscrowCount(isVerified: true, issuer: nil), is: 2)
            try expect(try transaction.credentialEscrowCount(isVerified: false, issuer: nil), is: 3)
            try expect(try transaction.credentialEscrowCount(isVerified: false, issuer: x), is: 2)
            try expect(try transaction.credentialEscrowCount(isVerified: true, issuer: x), is: 1)
            try expect(try transaction.oldestUnverifiedCredentialEscrow(issuer: nil), is: entries[1].key)
            try expect(try transaction.oldestUnverifiedCredentialEscrow(issuer: x), is: entries[2].key)
        }
        try write(store) { try $0.removeCredentialEscrow(entries[2].key) }
        try read(store) { transaction in
            try expect(try transaction.oldestUnverifiedCredentialEscrow(issuer: x), is: entries[3].key)
            try expect(try transaction.credentialEscrowCount(isVerified: false, issuer: nil), is: 2)
        }
    }

    func escrowAges(_ store: Store) throws {
        let entries = try [("a", 5), ("b", 1), ("c", 9), ("d", 3)].map { name, seconds in
            try CredentialSample.escrow(.outOfOrder, name, seconds: Int64(seconds), isVerified: name == "d")
        }
        try put(entries, in: store)
        func old(_ isVerified: Bool, _ seconds: Int64, limit: Int = 9) throws -> [CredentialEscrowKey] {
            try store.read { (transaction: inout Transaction) in
                try transaction.credentialEscrowKeys(
                    isVerified: isVerified, before: CredentialSample.start.advanced(bySeconds: seconds), limit: limit)
            }
        }
        try expect(try old(false, 9), is: [entries[1].key, entries[0].key])
        try expect(try old(false, 10, limit: 2), is: [entries[1].key, entries[0].key])
        try expect(try old(false, 1), is: [])
        try expect(try old(true, 4), is: [entries[3].key])
        try expect(try old(true, 4, limit: 0), is: [])
    }

    // MARK: Transactions

    /// Writes something of everything.
    private func writeAll(_ transaction: inout Transaction, _ name: String) throws {
        let (event, state) = try CredentialSample.registry(name)
        try transaction.append(CredentialSample.record(event, in: state.registry), leadingTo: state)
        let issued = try CredentialSample.issuance("credential of \(name)", in: state)
        try transaction.append(issued.record, leadingTo: issued.status)
        let revoked = try CredentialSample.revocation(of: issued.status, in: state)
        try transaction.append(revoked.record, leadingTo: revoked.status)
        let other = try CredentialSample.issuance("credential of \(name)", in: state, seconds: 7)
        try transaction.append(other.record, leadingTo: other.status)
        try transaction.putCredential(CredentialSample.credential(note: name), seenAt: CredentialSample.start)
        try transaction.putSchema(CredentialSample.schema(name))
        try transaction.putCredentialEscrow(
            CredentialSample.escrow(.outOfOrder, name, waitsFor: [.schema(CredentialSample.said(name))]))
    }

    private func counts(_ store: Store) throws -> [Int] {
        try store.read { (transaction: inout Transaction) in try counts(in: transaction) }
    }

    private func counts(in transaction: Transaction) throws -> [Int] {
        let registries = try transaction.registries(of: nil, after: nil, limit: 99)
        return [
            registries.count,
            try registries.reduce(0) { try $0 + transaction.statuses(in: $1.registry, after: nil, limit: 99).count },
            try registries.reduce(0) { sum, state in
                try transaction.statuses(in: state.registry, after: nil, limit: 99).reduce(sum) { sum, status in
                    try sum
                        + transaction.events(of: status.credential, in: state.registry, from: .zero, limit: 9).count
                }
            },
            try transaction.credentials(CredentialFilter(), after: nil, limit: 99).count,
            try transaction.schemas(after: nil, limit: 99).count,
            try transaction.credentialEscrows(reason: nil, subject: nil, after: nil, limit: 99).count,
            try transaction.credentialEscrowCount(isVerified: false, issuer: nil),
        ]
    }

    struct Stop: Error {}

    func rollBack(_ store: Store) throws {
        try write(store) { try writeAll(&$0, "a") }
        let before = try counts(store)
        try expect(before, is: [1, 1, 2, 1, 1, 1, 1])
        do {
            try write(store) { transaction in
                try writeAll(&transaction, "b")
                try expect(try counts(in: transaction), is: [2, 2, 4, 2, 2, 2, 2])
                try transaction.removeCredentialEscrow(CredentialSample.escrow(.outOfOrder, "a").key)
                throw Stop()
            }
        } catch is Stop {}
        try expect(try counts(store), is: before)
        try write(store) { try writeAll(&$0, "b") }
        try expect(try counts(store), is: [2, 2, 4, 2, 2, 2, 2])
        let found = try store.read { (transaction: inout Transaction) in
            try transaction.credentials(CredentialFilter(), after: nil, limit: 9).map(\.credential)
        }
        try expect(
            found, is: [try CredentialSample.credential(note: "a"), try CredentialSample.credential(note: "b")])
    }

    func attempts(_ store: Store) throws {
        try write(store) { transaction in
            try writeAll(&transaction, "a")
            do {
                try transaction.attempt { (inner: inout Transaction) in
                    try writeAll(&inner, "b")
                    throw Stop()
                }
            } catch is Stop {}
            try expect(try counts(in: transaction), is: [1, 1, 2, 1, 1, 1, 1])
            try transaction.attempt { (inner: inout Transaction) in try writeAll(&inner, "c") }
        }
        try expect(try counts(store), is: [2, 2, 4, 2, 2, 2, 2])
        let registry = try CredentialSample.registry("b").state.registry
        try read(store) { try expect(try $0.registry(registry) == nil) }
    }

    func readsDoNotWrite(_ store: Store) throws {
        try? read(store) { try writeAll(&$0, "a") }
        try expect(try counts(store), is: [0, 0, 0, 0, 0, 0, 0])
    }
}
