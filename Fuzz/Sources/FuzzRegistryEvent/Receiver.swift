// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import FuzzSupport
internal import KERI
internal import KelmarkBytes

/// Somebody who hears of credentials, with what must hold for what was accepted.
final class Receiver {
    static let now = Timestamp(seconds: 1_767_225_600)
    let store = MemoryCredentialStore()
    private var processor: CredentialStreamProcessor<MemoryCredentialStore>

    init(schemas: [[UInt8]], batch: Int) throws {
        let credentials = CredentialProcessor(store: store)
        for bytes in schemas.prefix(8) {
            guard let schema = try? CredentialSchema(parsing: bytes) else { continue }
            try credentials.learn(schema)
        }
        processor = CredentialStreamProcessor(credentials, batch: batch)
    }

    /// Whether nothing was dropped.
    func hear(_ stream: [UInt8]) throws -> Bool {
        var isSteady = true
        let resumption = try processor.process(stream, now: Self.now) { report in
            switch report.result {
            case .keyEvents(_, _, .rejected), .registryEvent(_, _, .rejected): isSteady = false
            case .credential(_, let judgement):
                if case .rejected = judgement.outcome { isSteady = false }
                property(judgement.outcome != .accepted || judgement.reasons.isEmpty, "nothing speaks against it")
            default: break
            }
        }
        for message in resumption.credentials {
            if case .accepted? = message.outcome { continue }
            isSteady = false
        }
        for message in resumption.events where message.outcome?.isInLog != true { isSteady = false }
        return isSteady
    }

    /// Hears the same until nothing moves any more.
    func settle(_ messages: [[UInt8]]) throws {
        var before = try contents()
        for _ in 0..<8 {
            for message in messages { _ = try hear(message) }
            let after = try contents()
            if after == before { return }
            before = after
        }
        property(false, "repetition comes to an end")
    }

    // MARK: What is here

    /// Everything that is kept.
    struct Contents: Equatable {
        var logs: [KeyState] = []
        var registries: [RegistryState] = []
        var statuses: [CredentialStatus] = []
        var credentials: Set<Credential> = []
        var escrows: Set<CredentialEscrowEntry> = []
    }

    func contents() throws -> Contents {
        try store.read(credentials: { (transaction: inout MemoryCredentialTransaction) in
            var contents = Contents()
            for aid in transaction.keyEvents.aids(after: nil, limit: .max) {
                if let state = transaction.keyEvents.keyState(of: aid) { contents.logs.append(state) }
            }
            contents.registries = transaction.registries(of: nil, after: nil, limit: .max)
            for state in contents.registries {
                contents.statuses += transaction.statuses(in: state.registry, after: nil, limit: .max)
            }
            contents.credentials = Set(
                transaction.credentials(CredentialFilter(), after: nil, limit: .max).map(\.credential))
            contents.escrows = Set(
                transaction.credentialEscrows(reason: nil, subject: nil, after: nil, limit: .max).map(\.entry))
            return contents
        })
    }

    /// What is revoked and would be valid else. Of an issuance that a recovery has taken away not everybody need have heard.
    func revoked() throws -> Set<[SAID]> {
        Set(try contents().statuses.filter { try $0.isRevoked && isAnchored($0) }.map { [$0.registry, $0.credential] })
    }

    func valid() throws -> Set<SAID> {
        Set(try contents().credentials.map(\.said).filter { try verdict(of: $0).isValid })
    }

    private func verdict(of said: SAID) throws -> CredentialVerdict {
        try store.read(credentials: { (transaction: inout MemoryCredentialTransaction) in
            let verdict = try transaction.verdict(of: said)
            property(try transaction.verdict(of: said) == verdict, "a verdict is given twice")
            return verdict
        })
    }

    // MARK: What must hold

    func check() throws {
        let contents = try contents()
        try store.read(credentials: { (transaction: inout MemoryCredentialTransaction) in
            for state in contents.registries {
                try Self.checkLog(of: state.registry, in: state, latest: state.event, at: state.sn, transaction)
                property(!state.isBackerless || state.backers.isEmpty, "no backers are none")
            }
            for status in contents.statuses {
                guard let state = transaction.registry(status.registry) else {
                    property(false, "a status has a registry")
                    return
                }
                try Self.checkLog(of: status.credential, in: state, latest: status.event, at: status.sn, transaction)
                property(status.sn.value <= 1, "issued, revoked, and nothing else")
            }
            for credential in contents.credentials {
                guard let registry = credential.registry.flatMap({ transaction.registry($0) }) else {
                    property(false, "an accepted credential has a registry")
                    return
                }
                property(registry.issuer == credential.issuer, "its issuer owns the registry")
                guard let status = transaction.status(of: credential.said, in: registry.registry) else {
                    property(false, "it was issued there")
                    return
                }
                guard try transaction.verdict(of: credential.said).isValid else { continue }
                property(!status.isRevoked, "what is valid is not revoked")
                property(try transaction.isAnchored(status), "what is valid is sealed now")
            }
        })
    }

    /// Everything in a log is sealed by the log of the owner, has its place, and is signed by enough backers.
    private static func checkLog(
        of subject: SAID, in state: RegistryState, latest: SAID, at sn: SequenceNumber,
        _ transaction: MemoryCredentialTransaction
    ) throws {
        let events = transaction.events(of: subject, in: state.registry, from: .zero, limit: .max)
        property(events.map(\.sn.value) == (0..<UInt128(events.count)).map { $0 }, "a log has no gap")
        property(events.last?.said == latest && events.last?.sn == sn, "the state is that of the latest event")
        let logs = transaction.keyEvents
        for event in events {
            let anchor = logs.record(of: state.issuer, at: event.anchor.sn, said: event.anchor.said)
            property(anchor?.place(of: event.seal) != nil, "what is accepted is sealed by the owner's log")
            property(!state.isBackerless || event.backerSignatures.isEmpty, "nobody signs for no backers")
            let signers = Set(event.backerSignatures.map(\.index))
            property(signers.count == event.backerSignatures.count, "a backer counts once")
        }
    }

    /// What is exported is read again to the same verdict, and never to a better one.
    func checkExports(schemas: [[UInt8]]) throws {
        for credential in try contents().credentials.prefix(4) {
            let known = try verdict(of: credential.said)
            let stream = try? store.read(credentials: { try CredentialExport.stream(of: credential.said, in: $0) })
            guard let stream else {
                property(known.state != .valid, "what is valid can be exported")
                continue
            }
            let receiver = try Receiver(schemas: schemas, batch: 1)
            _ = try receiver.hear(stream)
            let told = try receiver.verdict(of: credential.said)
            property(told.isValid == known.isValid, "an export is as valid as what was exported")
            try receiver.check()
        }
    }
}

/// The messages of a stream in another order: first those that were asked for, then all.
func reordered(_ stream: [UInt8], _ order: [UInt8]) -> [[UInt8]] {
    var reader = StreamReader()
    var messages: [[UInt8]] = []
    reading: while messages.count < 64 {
        switch reader.next(in: stream.span) {
        case .message(let frame): messages.append(Array(stream[frame.range]))
        case .fault: continue
        case .end, .needMore: break reading
        }
    }
    guard !messages.isEmpty else { return [stream] }
    return order.map { messages[Int($0) % messages.count] } + messages
}
