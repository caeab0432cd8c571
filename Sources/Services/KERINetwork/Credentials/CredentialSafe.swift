// SPDX-License-Identifier: Apache-2.0

public import ACDC
internal import CESR
public import KERI

/// The credentials of a wallet: in a store beside its logs, judged by the ordinary processors.
public struct CredentialSafe<Store: CredentialStore>: CredentialCustody {
    private let wallet: Wallet<Store.KeyEventLogs>
    private let store: Store
    private let processor: CredentialProcessor<Store>

    /// Keeps credentials of a wallet in a store that stands beside the wallet's logs.
    public init(
        _ wallet: Wallet<Store.KeyEventLogs>, store: Store,
        limits: CredentialEscrowLimits = CredentialEscrowLimits()
    ) {
        self.wallet = wallet
        self.store = store
        processor = CredentialProcessor(store: store, limits: limits)
    }

    // MARK: Taking in

    /// Takes in a stream of key events, registry events and credentials.
    public func take(_ stream: [UInt8], now: Timestamp) throws -> IntakeReport {
        var report = IntakeReport()
        var reader = CredentialStreamProcessor(processor, policy: try wallet.policy(), batch: 64)
        try reader.process(stream, now: now) { report.add($0.result) }
        return report
    }

    /// Decides again about what waits for logs that have grown.
    public func wake(after logs: Set<AID>, now: Timestamp) throws {
        var result = try processor.resume(after: logs.sorted().map { .keyEvents($0) }, now: now)
        while !result.remaining.isEmpty { result = try processor.resume(result.remaining, now: now) }
    }

    // MARK: Judging

    /// What a credential is worth now.
    public func standing(of credential: SAID) throws -> CredentialStanding {
        try store.read(credentials: { transaction in
            let verdict = try transaction.verdict(of: credential)
            let words = verdict.reasons.map(\.description).joined(separator: "; ")
            switch verdict.state {
            case .valid: return .held
            case .revoked, .edgeRevoked: return .revoked(words.isEmpty ? verdict.state.rawValue : words)
            case .unanchored, .edgeBroken, .duplicitous: return .unsound(words.isEmpty ? verdict.state.rawValue : words)
            case .undecided: return .waits(.missingChain, words)
            case .unknown:
                let waiting = try transaction.credentialEscrows(
                    reason: nil, subject: credential, after: nil, limit: 8
                ).map(\.entry)
                // The credential itself says more than an event of its registry that waits beside it.
                let reasons: Set<CredentialEscrowReason> = [.missingRegistry, .missingSchema, .missingChain]
                guard let entry = waiting.first(where: { reasons.contains($0.key.reason) }) ?? waiting.first else {
                    return .unknown
                }
                return .waits(entry.key.reason, entry.missing)
            }
        })
    }

    /// To whom a credential that was accepted here is issued.
    public func target(of credential: SAID) throws -> CredentialTarget? {
        try store.read(credentials: { try $0.credential(credential)?.target })
    }

    // MARK: Proving

    /// What proves a credential that was accepted here.
    public func proof(of said: SAID) throws -> CredentialProof? {
        try store.read(credentials: { transaction in
            guard let credential = try transaction.credential(said), let registry = credential.registry,
                let status = try transaction.status(of: said, in: registry),
                let issuance = try transaction.event(of: said, in: registry, at: .zero)
            else { return nil }
            // A recovery may have moved the seal.
            let source = try transaction.anchor(of: issuance.seal, by: credential.issuer) ?? issuance.anchor
            guard
                let anchor = try transaction.keyEvents.record(
                    of: credential.issuer, at: source.sn, said: source.said)
            else { return nil }
            let message = try CredentialExport<Store.Transaction>.message(of: credential, status)
            var artefacts = try Self.messages(in: CredentialExport.stream(of: said, in: transaction))
            // The grant carries the credential itself.
            artefacts.removeAll { $0 == message }
            return CredentialProof(
                credential: message, issuance: try issuance.message(), anchor: try LogReplay.message(of: anchor),
                artefacts: artefacts)
        })
    }

    /// The messages of a stream of our own making.
    private static func messages(in stream: [UInt8]) throws -> [[UInt8]] {
        var reader = StreamReader()
        var messages: [[UInt8]] = []
        while case .message(let frame) = reader.next(in: stream.span) { messages.append(Array(stream[frame.range])) }
        guard messages.reduce(0, { $0 + $1.count }) == stream.count else {
            throw StoreError(.corrupt, "what speaks for a credential can't be read back")
        }
        return messages
    }
}

extension IntakeReport {
    mutating func add<Store: CredentialStore>(_ result: CredentialStreamProcessor<Store>.Result) {
        messages += 1
        switch result {
        case .keyEvents(_, _, .accepted), .keyEvents(_, _, .verified): accepted += 1
        case .keyEvents(_, _, .duplicate): break
        case .keyEvents(_, _, .escrowed): waiting += 1
        case .keyEvents(_, _, .rejected(let reason)): refusals.append(reason.rawValue)
        case .registryEvent(_, _, let outcome): add(outcome)
        case .credential(_, let judgement): add(judgement.outcome)
        case .unreadable(let error): refusals.append(error.code.name)
        case .unreadableCredential(let error): refusals.append(error.code.name)
        case .fault: refusals.append("unframed")
        }
    }

    private mutating func add(_ outcome: CredentialOutcome) {
        switch outcome {
        case .accepted: accepted += 1
        case .duplicate: break
        case .escrowed: waiting += 1
        case .rejected(let reason): refusals.append(reason.rawValue)
        }
    }
}
