// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KelmarkBytes

extension CredentialConformance {
    func credentials(_ store: Store) throws {
        let all = [
            try CredentialSample.credential(issuer: "a", issuee: "x", registry: "r", schema: "s", note: "0"),
            try CredentialSample.credential(issuer: "a", issuee: nil, registry: nil, schema: "s", note: "1"),
            try CredentialSample.credential(issuer: "b", issuee: "x", registry: "q", schema: "t", note: "2"),
            try CredentialSample.credential(issuer: "b", issuee: "y", registry: "q", schema: "s", note: "3"),
        ]
        for (number, credential) in all.enumerated() {
            try write(store) {
                try $0.putCredential(
                    credential, seenAt: CredentialSample.start.advanced(bySeconds: Int64(number)))
            }
        }
        func filter(_ change: (inout CredentialFilter) throws -> Void) throws -> CredentialFilter {
            var filter = CredentialFilter()
            try change(&filter)
            return filter
        }
        let cases: [(CredentialFilter, [Int])] = [
            (CredentialFilter(), [0, 1, 2, 3]),
            (try filter { $0.issuer = try CredentialSample.aid("a") }, [0, 1]),
            (try filter { $0.issuee = try CredentialSample.aid("x") }, [0, 2]),
            (try filter { $0.registry = try CredentialSample.said("q") }, [2, 3]),
            (try filter { $0.schema = try CredentialSample.said("s") }, [0, 1, 3]),
            (
                try filter {
                    $0.issuer = try CredentialSample.aid("b")
                    $0.schema = try CredentialSample.said("s")
                }, [3]
            ),
            (try filter { $0.issuee = try CredentialSample.aid("z") }, []),
        ]
        try read(store) { transaction in
            for (filter, expected) in cases {
                let found = try transaction.credentials(filter, after: nil, limit: 99)
                try expect(found.map(\.credential), is: expected.map { all[$0] })
            }
            let records = try transaction.credentials(CredentialFilter(), after: nil, limit: 99)
            try expect(records.map(\.ordinal), is: [0, 1, 2, 3])
            try expect(
                try transaction.credentials(CredentialFilter(), after: records[0].ordinal, limit: 2),
                is: Array(records[1...2]))
            try expect(try transaction.credentials(CredentialFilter(), after: nil, limit: 0), is: [])
            try expect(try transaction.credential(all[2].said), is: all[2])
            try expect(try transaction.credentialRecord(all[2].said), is: records[2])
            try expect(records[2].seenAt, is: CredentialSample.start.advanced(bySeconds: 2))
        }
    }

    /// Another copy of a credential, as far as a store can tell: it looks at the SAID alone.
    func fullerCopies(_ store: Store) throws {
        let credential = try CredentialSample.credential(note: "0")
        let other = try CredentialSample.credential(note: "1")
        try write(store) { try $0.putCredential(credential, seenAt: CredentialSample.start) }
        try write(store) { try $0.putCredential(other, seenAt: CredentialSample.start) }
        try write(store) {
            try $0.putCredential(credential, seenAt: CredentialSample.start.advanced(bySeconds: 99))
        }
        try read(store) { transaction in
            let records = try transaction.credentials(CredentialFilter(), after: nil, limit: 99)
            try expect(records.map(\.credential), is: [credential, other])
            try expect(records.map(\.seenAt), is: [CredentialSample.start, CredentialSample.start])
        }
    }

    func schemas(_ store: Store) throws {
        let all = try ["a", "b", "c"].map { try CredentialSample.schema($0) }
        for schema in all + all { try write(store) { try $0.putSchema(schema) } }
        let sorted = all.sorted { $0.said < $1.said }
        for _ in 0..<2 {
            try read(store) { transaction in
                for schema in all {
                    try expect(try transaction.schema(schema.said)?.bytes, is: schema.bytes)
                }
                try expect(try transaction.schemas(after: nil, limit: 99).map(\.said), is: sorted.map(\.said))
                try expect(
                    try transaction.schemas(after: sorted[0].said, limit: 1).map(\.said), is: [sorted[1].said])
                try expect(try transaction.schema(CredentialSample.said("none")) == nil)
            }
        }
    }

    func togetherWithKeyEvents(_ store: Store) throws {
        let history = try SampleHistory("issuer", events: 2)
        let (event, state) = try CredentialSample.registry("r")
        func both(_ transaction: inout Transaction) throws {
            try transaction.withKeyEvents { logs in
                try logs.append(history.records[0], leadingTo: history.states[0])
            }
            try transaction.append(CredentialSample.record(event, in: state.registry), leadingTo: state)
        }
        do {
            try write(store) { transaction in
                try both(&transaction)
                throw Stop()
            }
        } catch is Stop {}
        try read(store) { transaction in
            try expect(try transaction.keyEvents.keyState(of: history.aid) == nil)
            try expect(try transaction.registry(state.registry) == nil)
        }
        try write(store) { transaction in
            try both(&transaction)
            try expect(try transaction.keyEvents.keyState(of: history.aid), is: history.states[0])
        }
        try read(store) { transaction in
            try expect(try transaction.keyEvents.keyState(of: history.aid), is: history.states[0])
            try expect(try transaction.registry(state.registry), is: state)
        }
        let seen = try store.keyEventLogs.read { try $0.keyState(of: history.aid) }
        try expect(seen, is: history.states[0])
    }

    /// An issuer with a log, a registry and credentials, of which everything arrives in the wrong order.
    func processing(_ store: Store) throws {
        let stores = (store, MemoryCredentialStore())
        let outcomes = try (misordered(stores.0), misordered(stores.1))
        try expect(outcomes.0, is: outcomes.1)
        let states = try (summary(stores.0), summary(stores.1))
        try expect(states.0, is: states.1)
        try expect(states.0.count, is: 8)
    }

    private func misordered(_ store: some CredentialStore) throws -> [String] {
        let processor = CredentialProcessor(store: store)
        let events = EventProcessor(store: store.keyEventLogs)
        let now = CredentialSample.start
        let controller = SampleController("issuer")
        let inception = try controller.incept()
        let aid = inception.event.aid
        let scratch = MemoryKeyEventStore()
        func state() throws -> KeyState {
            guard let state = try scratch.read({ $0.keyState(of: aid) }) else {
                throw ConformanceFailure("the sample log is missing")
            }
            return state
        }
        _ = try EventProcessor(store: scratch)
            .process(.keyEvent(inception.event), with: inception.attachments, now: now)
        let (vcp, registry) = try CredentialSample.registry("r")
        let owned = try RegistryEventBuilder.inception(
            issuer: aid, nonce: CredentialSample.nonce("owned"))
        let ownedState = RegistryState(
            registry: owned.said, issuer: aid, sn: .zero, event: owned.said, isBackerless: true, backers: [],
            backerThreshold: 0, anchor: registry.anchor)
        let issued = try CredentialSample.issuance("a", in: ownedState)
        let revoked = try CredentialSample.revocation(of: issued.status, in: ownedState)
        var parser = MessageParser()
        var outcomes: [String] = []
        for bytes in [revoked.record.bytes, issued.record.bytes, owned.bytes, vcp.bytes] {
            guard case .registryEvent(let event) = try parser.parse(bytes.span, format: .json) else {
                throw ConformanceFailure("a sample event can't be read")
            }
            outcomes.append("\(try processor.process(event, with: .init(), now: now))")
        }
        _ = try events.process(.keyEvent(inception.event), with: inception.attachments, now: now)
        for seal in [owned.seal, issued.record.seal, revoked.record.seal] {
            let sealing = try controller.interact(behind: state(), anchors: [seal.value])
            for store in [scratch] {
                _ = try EventProcessor(store: store)
                    .process(.keyEvent(sealing.event), with: sealing.attachments, now: now)
            }
            _ = try events.process(.keyEvent(sealing.event), with: sealing.attachments, now: now)
            var round = try processor.resume(after: [.keyEvents(aid)], now: now, limit: 1)
            while true {
                outcomes += round.resumed.map { "\($0.key.reason) \(String(describing: $0.outcome))" }
                if round.remaining.isEmpty { break }
                round = try processor.resume(round.remaining, now: now, limit: 1)
            }
        }
        outcomes += try processor.expire(now: now.advanced(bySeconds: 10_000_000)).map { "expired \($0.key.reason)" }
        return outcomes
    }

    private func summary(_ store: some CredentialStore) throws -> [String] {
        try store.read(credentials: { transaction in
            var lines: [String] = []
            for state in try transaction.registries(of: nil, after: nil, limit: 99) {
                lines.append("\(state)")
                for status in try transaction.statuses(in: state.registry, after: nil, limit: 99) {
                    lines.append("\(status)")
                    lines += try transaction.events(of: status.credential, in: state.registry, from: .zero, limit: 9)
                        .map { "\($0)" }
                }
                lines += try transaction.events(of: state.registry, in: state.registry, from: .zero, limit: 9)
                    .map { "\($0)" }
            }
            for isVerified in [true, false] {
                lines.append("\(try transaction.credentialEscrowCount(isVerified: isVerified, issuer: nil))")
            }
            lines.append("\(try transaction.credentialEscrows(reason: nil, subject: nil, after: nil, limit: 9).count)")
            return lines
        })
    }
}
