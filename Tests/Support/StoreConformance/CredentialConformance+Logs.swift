// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import KelmarkBytes

extension CredentialConformance {
    typealias Transaction = Store.Transaction

    func write(_ store: Store, _ body: (inout Transaction) throws -> Void) throws {
        try store.write { (transaction: inout Transaction) in try body(&transaction) }
    }

    func read(_ store: Store, _ body: (inout Transaction) throws -> Void) throws {
        try store.read { (transaction: inout Transaction) in try body(&transaction) }
    }

    func emptyStore(_ store: Store) throws {
        let (said, aid) = (try CredentialSample.said("a"), try CredentialSample.aid("a"))
        try read(store) { transaction in
            try expect(try transaction.registry(said) == nil)
            try expect(try transaction.status(of: said, in: said) == nil)
            try expect(try transaction.event(of: said, in: said, at: .zero) == nil)
            try expect(try transaction.events(of: said, in: said, from: .zero, limit: 9), is: [])
            try expect(try transaction.registries(of: nil, after: nil, limit: 9), is: [])
            try expect(try transaction.registries(of: aid, after: said, limit: 9), is: [])
            try expect(try transaction.statuses(in: said, after: nil, limit: 9), is: [])
            try expect(try transaction.registriesIssuing(said, limit: 9), is: [])
            try expect(try transaction.credential(said) == nil)
            try expect(try transaction.credentialRecord(said) == nil)
            try expect(try transaction.credentials(CredentialFilter(), after: nil, limit: 9), is: [])
            try expect(try transaction.credentials(CredentialFilter(), after: .max, limit: 9), is: [])
            try expect(try transaction.schema(said) == nil)
            try expect(try transaction.schemas(after: nil, limit: 9).isEmpty)
            try expect(try transaction.credentialEscrowCount(isVerified: true, issuer: nil), is: 0)
            try expect(try transaction.credentialEscrowCount(isVerified: false, issuer: aid), is: 0)
            try expect(
                try transaction.credentialEscrows(reason: nil, subject: nil, after: nil, limit: 9).isEmpty)
            try expect(try transaction.nextCredentialEscrow(waitingFor: .schema(said), after: nil) == nil)
            try expect(try transaction.oldestUnverifiedCredentialEscrow(issuer: nil) == nil)
        }
    }

    func registryLogs(_ store: Store) throws {
        let (inception, first) = try CredentialSample.registry("r", backers: ["b0", "b1"])
        var state = first
        var records = [try CredentialSample.record(inception, in: first.registry, signatures: 2)]
        try write(store) { try $0.append(records[0], leadingTo: first) }
        for number in 1..<5 {
            let rotation = try RegistryEventBuilder.rotation(
                of: state, cut: [], added: [try CredentialSample.aid("b\(number + 1)")], threshold: 2)
            let record = try CredentialSample.record(rotation, in: first.registry, seconds: Int64(number))
            state = RegistryState(
                registry: first.registry, issuer: first.issuer, sn: rotation.sn, event: rotation.said,
                isBackerless: false, backers: state.backers + rotation.backersAdded, backerThreshold: 2,
                anchor: record.anchor)
            records.append(record)
            try write(store) { try $0.append(record, leadingTo: state) }
        }
        let (expected, registry) = (state, first.registry)
        try read(store) { transaction in
            try expect(try transaction.registry(registry), is: expected)
            for record in records {
                try expect(try transaction.event(of: registry, in: registry, at: record.sn), is: record)
            }
            try expect(try transaction.event(of: registry, in: registry, at: SequenceNumber(.max)) == nil)
            try expect(try transaction.events(of: registry, in: registry, from: .zero, limit: 99), is: records)
            try expect(
                try transaction.events(of: registry, in: registry, from: SequenceNumber(1), limit: 2),
                is: Array(records[1...2]))
            try expect(try transaction.events(of: registry, in: registry, from: .zero, limit: 0), is: [])
            try expect(try transaction.events(of: registry, in: registry, from: SequenceNumber(5), limit: 9), is: [])
        }
    }

    func credentialLogs(_ store: Store) throws {
        let (one, two) = (try CredentialSample.registry("one"), try CredentialSample.registry("two", issuer: "thief"))
        let issued = try CredentialSample.issuance("a", in: one.state)
        let revoked = try CredentialSample.revocation(of: issued.status, in: one.state)
        let stolen = try CredentialSample.issuance("a", in: two.state)
        for (event, state) in [one, two] {
            try write(store) {
                try $0.append(CredentialSample.record(event, in: state.registry), leadingTo: state)
            }
        }
        try write(store) { try $0.append(stolen.record, leadingTo: stolen.status) }
        try write(store) { try $0.append(issued.record, leadingTo: issued.status) }
        let credential = issued.status.credential
        try read(store) { transaction in
            try expect(try transaction.status(of: credential, in: one.state.registry), is: issued.status)
            try expect(try transaction.status(of: credential, in: two.state.registry), is: stolen.status)
        }
        try write(store) { try $0.append(revoked.record, leadingTo: revoked.status) }
        try read(store) { transaction in
            try expect(try transaction.status(of: credential, in: one.state.registry), is: revoked.status)
            try expect(try transaction.status(of: credential, in: two.state.registry), is: stolen.status)
            try expect(
                try transaction.events(of: credential, in: one.state.registry, from: .zero, limit: 9),
                is: [issued.record, revoked.record])
            try expect(
                try transaction.events(of: credential, in: two.state.registry, from: .zero, limit: 9),
                is: [stolen.record])
            let both = [one.state.registry, two.state.registry].sorted()
            try expect(try transaction.registriesIssuing(credential, limit: 9), is: both)
            try expect(try transaction.registriesIssuing(credential, limit: 1), is: Array(both.prefix(1)))
        }
    }

    func gaps(_ store: Store) throws {
        let (event, state) = try CredentialSample.registry("r")
        let issued = try CredentialSample.issuance("a", in: state)
        let revoked = try CredentialSample.revocation(of: issued.status, in: state)
        try write(store) { try $0.append(CredentialSample.record(event, in: state.registry), leadingTo: state) }
        try expect(StoreError.Code.conflict) {
            try write(store) { try $0.append(revoked.record, leadingTo: revoked.status) }
        }
        try expect(StoreError.Code.conflict) {
            try write(store) { try $0.setBackerSignatures(of: issued.record) }
        }
        try read(store) { transaction in
            try expect(try transaction.status(of: issued.status.credential, in: state.registry) == nil)
        }
    }

    func replacedEvents(_ store: Store) throws {
        let (inception, state) = try CredentialSample.registry("r", backers: ["b0"])
        func rotation(_ adding: String, behind state: RegistryState) throws -> (RegistryEventRecord, RegistryState) {
            let event = try RegistryEventBuilder.rotation(
                of: state, cut: [], added: [try CredentialSample.aid(adding)], threshold: 1)
            let record = try CredentialSample.record(event, in: state.registry)
            return (
                record,
                RegistryState(
                    registry: state.registry, issuer: state.issuer, sn: event.sn, event: event.said,
                    isBackerless: false, backers: state.backers + event.backersAdded, backerThreshold: 1,
                    anchor: record.anchor)
            )
        }
        let first = try CredentialSample.record(inception, in: state.registry)
        let stolen = try rotation("thief", behind: state)
        let further = try rotation("another", behind: stolen.1)
        let honest = try rotation("b1", behind: state)
        for (record, state) in [(first, state), stolen, further, honest] {
            try write(store) { try $0.append(record, leadingTo: state) }
        }
        // The events of a credential do not build upon one another: the later ones stay.
        let (issued, other) = (
            try CredentialSample.issuance("a", in: state), try CredentialSample.issuance("a", in: state, seconds: 9)
        )
        let revoked = try CredentialSample.revocation(of: issued.status, in: state)
        for (record, status) in [issued, revoked, other] {
            try write(store) { try $0.append(record, leadingTo: status) }
        }
        try read(store) { transaction in
            try expect(try transaction.registry(state.registry), is: honest.1)
            try expect(
                try transaction.events(of: state.registry, in: state.registry, from: .zero, limit: 9),
                is: [first, honest.0])
            try expect(
                try transaction.events(of: issued.status.credential, in: state.registry, from: .zero, limit: 9),
                is: [other.record, revoked.record])
            try expect(try transaction.status(of: issued.status.credential, in: state.registry), is: other.status)
        }
    }

    func backerSignatures(_ store: Store) throws {
        let (event, state) = try CredentialSample.registry("r", backers: ["b0", "b1"])
        var record = try CredentialSample.record(event, in: state.registry, signatures: 1)
        try write(store) { try $0.append(record, leadingTo: state) }
        record.backerSignatures = try CredentialSample.signatures(3, over: event)
        let updated = record
        try write(store) { try $0.setBackerSignatures(of: updated) }
        try read(store) { transaction in
            try expect(try transaction.event(of: state.registry, in: state.registry, at: .zero), is: updated)
        }
    }

    func registryLists(_ store: Store) throws {
        var states: [RegistryState] = []
        for number in 0..<6 {
            let (event, state) = try CredentialSample.registry(
                "r\(number)", issuer: number.isMultiple(of: 2) ? "even" : "odd")
            try write(store) { try $0.append(CredentialSample.record(event, in: state.registry), leadingTo: state) }
            states.append(state)
        }
        let registry = states[0]
        var statuses: [CredentialStatus] = []
        for name in ["a", "b", "c", "d"] {
            let issued = try CredentialSample.issuance(name, in: registry)
            try write(store) { try $0.append(issued.record, leadingTo: issued.status) }
            statuses.append(issued.status)
        }
        states.sort { $0.registry < $1.registry }
        statuses.sort { $0.credential < $1.credential }
        let even = try CredentialSample.aid("even")
        let ofEven = states.filter { $0.issuer == even }
        try read(store) { transaction in
            try expect(try transaction.registries(of: nil, after: nil, limit: 99), is: states)
            try expect(
                try transaction.registries(of: nil, after: states[1].registry, limit: 2), is: Array(states[2...3]))
            try expect(try transaction.registries(of: even, after: nil, limit: 99), is: ofEven)
            try expect(
                try transaction.registries(of: even, after: ofEven[0].registry, limit: 1), is: [ofEven[1]])
            try expect(try transaction.registries(of: nil, after: nil, limit: 0), is: [])
            try expect(try transaction.statuses(in: registry.registry, after: nil, limit: 99), is: statuses)
            try expect(
                try transaction.statuses(in: registry.registry, after: statuses[1].credential, limit: 1),
                is: [statuses[2]])
            try expect(try transaction.statuses(in: CredentialSample.said("none"), after: nil, limit: 9), is: [])
        }
    }
}
