// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes

/// Writes everything that speaks for credentials as one CESR stream, so that whoever reads it in order can decide without
/// asking anybody: for each credential the key event log of its issuer with those of its delegators before it, the log
/// of its registry, its own, the credentials that it builds upon, and then itself (facts 13.8). The messages are those of
/// `kli vc export --full`. Schemas do not travel in streams.
public struct CredentialExport<Transaction: CredentialTransaction> {
    /// Why something can't be written.
    public enum Failure: Error, Hashable, Sendable {
        /// The credential is not here.
        case unknownCredential(SAID)
        /// Its registry, or its issuance there, is not here.
        case unknownIssuance(SAID)
        /// There are more credentials behind one another, or in all, than are written.
        case tooMany
    }

    private let transaction: Transaction
    private let limits: ChainLimits
    private var stream: [UInt8] = []
    private var logs: Set<AID> = []
    private var registries: Set<SAID> = []
    private var credentials: Set<SAID> = []

    /// The proof of one credential.
    ///
    /// - Parameters:
    ///   - said: the credential.
    ///   - transaction: where to read.
    ///   - limits: how many credentials may be behind one another and in all.
    /// - Throws: ``Failure``, and ``StoreError``.
    public static func stream(
        of said: SAID, in transaction: Transaction, limits: ChainLimits = .standard
    ) throws -> [UInt8] {
        var export = CredentialExport(transaction, limits)
        try export.add(said, depth: 0)
        return export.stream
    }

    /// The proof of a registry: the log of its owner, and its own.
    /// - Throws: ``Failure``, and ``StoreError``.
    public static func stream(ofRegistry said: SAID, in transaction: Transaction) throws -> [UInt8] {
        var export = CredentialExport(transaction, .standard)
        guard let state = try transaction.registry(said) else { throw Failure.unknownIssuance(said) }
        try export.addLog(of: state.issuer, depth: 0)
        try export.addRegistry(state)
        return export.stream
    }

    /// A credential with the seal of its issuance.
    /// - Throws: when the seal can't be written.
    public static func message(of credential: Credential, _ status: CredentialStatus) throws -> [UInt8] {
        var attachments = Attachments()
        attachments.sealSourceTriples = [
            SealSourceTriple(prefix: credential.said.primitive, sn: 0, said: status.issuance.primitive)
        ]
        return credential.bytes + (try attachments.encoded(in: .text))
    }

    private init(_ transaction: Transaction, _ limits: ChainLimits) {
        self.transaction = transaction
        self.limits = limits
    }

    // MARK: Parts

    private mutating func add(_ said: SAID, depth: Int) throws {
        guard credentials.insert(said).inserted else { return }
        guard depth < limits.depth, credentials.count <= limits.credentials else { throw Failure.tooMany }
        guard let credential = try transaction.credential(said) else { throw Failure.unknownCredential(said) }
        guard let registry = credential.registry, let state = try transaction.registry(registry),
            let status = try transaction.status(of: said, in: registry)
        else { throw Failure.unknownIssuance(said) }
        try addLog(of: state.issuer, depth: 0)
        try addRegistry(state)
        try addEvents(of: said, in: state)
        for node in try nodes(of: credential) { try add(node, depth: depth + 1) }
        stream += try Self.message(of: credential, status)
    }

    /// The credentials that one builds upon, as far as its kept copy shows and they are here: one that was accepted without
    /// them, by an operator that does not need them, is exported without them too.
    private func nodes(of credential: Credential) throws -> [SAID] {
        guard let tree = try EdgeTree(of: credential) else { return [] }
        return try tree.root.edges.map(\.node).filter { try transaction.credential($0) != nil }
    }

    private mutating func addRegistry(_ state: RegistryState) throws {
        guard registries.insert(state.registry).inserted else { return }
        try addEvents(of: state.registry, in: state)
    }

    private mutating func addEvents(of subject: SAID, in state: RegistryState) throws {
        var sn: SequenceNumber? = .zero
        while let first = sn {
            let page = try transaction.events(of: subject, in: state.registry, from: first, limit: 256)
            for record in page {
                // A recovery may have moved the seal.
                let anchor = try transaction.anchor(of: record.seal, by: state.issuer) ?? record.anchor
                stream += try record.message(anchoredAt: anchor)
            }
            sn = page.last?.sn.next
        }
    }

    /// The whole log of an AID in the order of acceptance, behind those of its delegators.
    private mutating func addLog(of aid: AID, depth: Int) throws {
        guard logs.insert(aid).inserted else { return }
        guard depth < limits.delegators else { throw Failure.tooMany }
        if let delegator = try transaction.keyEvents.keyState(of: aid)?.delegator {
            try addLog(of: delegator, depth: depth + 1)
        }
        var ordinal: UInt64 = 0
        while true {
            let page = try transaction.keyEvents.records(of: aid, from: ordinal, limit: 256)
            for record in page { stream += try record.replay() }
            guard let last = page.last else { return }
            ordinal = last.ordinal + 1
        }
    }
}

extension RegistryEventRecord {
    fileprivate func message(anchoredAt anchor: SealSource) throws -> [UInt8] {
        var attachments = attachments
        attachments.sealSourceCouples = [SealSourceCouple(sn: anchor.sn.value, said: anchor.said.primitive)]
        return bytes + (try attachments.encoded(in: .text, isWrapped: true))
    }
}

extension EventRecord {
    /// The event with its proofs and when it was first seen here, as keripy replays it (facts 9.1).
    fileprivate func replay() throws -> [UInt8] {
        var attachments = proof.attachments
        attachments.firstSeenCouples = [
            FirstSeenCouple(
                ordinal: UInt128(ordinal), dateTime: try DateTime(microseconds: seenAt.microseconds))
        ]
        return bytes + (try attachments.encoded(in: .text, isWrapped: true))
    }
}
