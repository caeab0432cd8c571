// SPDX-License-Identifier: Apache-2.0

public import ACDC
internal import CESR
public import KERI
internal import KelmarkBytes

/// Registries of our AIDs and the credentials in them: makes registry events, has them sealed in the owner's log, and
/// takes them in. Also called Registrar in KERIpy.
///
/// Order of writing: the bytes of a registry event and of its credential go into the book before the seal is signed, and
/// leave it when they are accepted. Whatever stops a command, the same bytes are sealed and taken in later: a second
/// event for the same place would be duplicity. One registry event goes into one key event, for KERIpy reads no other
/// (facts 13.2).
public struct Issuing<Store: CredentialStore>: Sendable {
    /// Names and keys of the owners.
    public let wallet: Wallet<Store.KeyEventLogs>
    /// Registries and credentials.
    public let store: Store
    let book: any RegistryBook

    /// Joins the parts.
    public init(wallet: Wallet<Store.KeyEventLogs>, store: Store, book: any RegistryBook) {
        self.wallet = wallet
        self.store = store
        self.book = book
    }

    // MARK: Names

    /// The ledger of our registries.
    /// - Throws: what the book fails with.
    public func ledger() throws -> RegistryLedger { try book.load() }

    /// A registry of ours by its name or SAID.
    /// - Throws: ``IssuingError`` `unknownRegistry`.
    public func registry(_ nameOrSAID: String) throws -> OwnedRegistry {
        guard let found = try book.load().registry(nameOrSAID) else {
            throw IssuingError(.unknownRegistry, "no registry of yours is called \(nameOrSAID)")
        }
        return found
    }

    /// The state of a registry of ours.
    /// - Throws: ``IssuingError`` `registryWaiting`; what the store fails with.
    public func state(of registry: OwnedRegistry) throws -> RegistryState {
        guard let state = try store.read(credentials: { try $0.registry(registry.said) }) else {
            throw IssuingError(.registryWaiting, "the registry \(registry.name) is still waiting")
        }
        return state
    }

    /// Whether a revocation of ours of one of these credentials is on its way. It counts at home from the moment when it
    /// is written.
    /// - Throws: what the book fails with.
    public func isRevoking(_ credentials: [SAID]) throws -> Bool {
        try book.load().pending.contains { $0.kind.isRevocation && credentials.contains($0.subject) }
    }

    // MARK: Registry events

    /// Makes a registry.
    ///
    /// - Parameters:
    ///   - name: what we call it.
    ///   - owner: name of the AID that owns it.
    ///   - backers: who is to receipt its events; none for a registry that never has some.
    ///   - threshold: how many of them must.
    ///   - nonce: 16 random bytes.
    ///   - signers: which keys sign the seal.
    ///   - now: the time to record.
    /// - Throws: ``IssuingError``, and what ``Controller/anchor(_:signers:format:now:)`` throws.
    public func create(
        _ name: String, owner: String, backers: [AID] = [], threshold: UInt32 = 0, nonce: [UInt8],
        signers: [Int]? = nil, now: Timestamp
    ) async throws -> IssuedEvent {
        guard OwnedIdentifier.isValid(name: name) else {
            throw IssuingError(.nameMalformed, "\(name) can't be a name")
        }
        let controller = try Controller(wallet, owner)
        let salt = try Primitive(code: .salt128, raw: nonce)
        let event = try Self.writing {
            try RegistryEventBuilder.inception(
                issuer: controller.aid, backers: backers, threshold: threshold, nonce: salt)
        }
        try require(backers: backers, threshold: threshold)
        let registry = OwnedRegistry(name: name, said: event.said, owner: controller.aid, createdAt: now)
        guard try book.load().registry(name) == nil else {
            throw IssuingError(.nameTaken, "\(name) is the name of another registry")
        }
        return try await seal(event, by: controller, naming: registry, signers: signers, now: now)
    }

    private func require(backers: [AID], threshold: UInt32) throws {
        guard Set(backers).count == backers.count, Int(threshold) <= backers.count,
            (threshold == 0) == backers.isEmpty, backers.allSatisfy(\.isNonTransferable)
        else {
            throw IssuingError(
                .backers,
                "\(backers.count) backers and the threshold \(threshold) don't fit: each is named once and can't be "
                    + "rotated, and the threshold lies between 1 and their number")
        }
    }

    /// Changes the backers of a registry.
    /// - Throws: ``IssuingError``, and what ``Controller/anchor(_:signers:format:now:)`` throws.
    public func rotate(
        _ name: String, cut: [AID], added: [AID], threshold: UInt32, signers: [Int]? = nil, now: Timestamp
    ) async throws -> IssuedEvent {
        let registry = try registry(name)
        try refuseWhilePending(registry.said, what: registry.name)
        let state = try state(of: registry)
        let kept = state.backers.filter { !cut.contains($0) }
        guard Set(cut).isSubset(of: state.backers), Set(cut).count == cut.count, Set(added).isDisjoint(with: kept)
        else { throw IssuingError(.backers, "a backer to remove is none, or one to add is one already") }
        try require(backers: kept + added, threshold: threshold)
        let event = try Self.writing {
            try RegistryEventBuilder.rotation(of: state, cut: cut, added: added, threshold: threshold)
        }
        return try await seal(event, by: try owner(of: registry), signers: signers, now: now)
    }

    /// Issues a credential that was written by one of our AIDs.
    ///
    /// - Parameters:
    ///   - credential: the credential; it names the registry.
    ///   - dated: when it is issued.
    ///   - signers: which keys sign the seal.
    ///   - now: the time to record.
    /// - Throws: ``IssuingError``, and what ``Controller/anchor(_:signers:format:now:)`` throws.
    public func issue(
        _ credential: Credential, dated: Timestamp, signers: [Int]? = nil, now: Timestamp
    ) async throws -> IssuedEvent {
        guard let said = credential.registry else {
            throw IssuingError(.notOurs, "the credential names no registry")
        }
        let registry = try registry(said.text)
        guard registry.owner == credential.issuer else {
            throw IssuingError(.notOurs, "the registry \(registry.name) belongs to another AID of yours")
        }
        let state = try state(of: registry)
        guard try store.read(credentials: { try $0.status(of: credential.said, in: said) }) == nil else {
            throw IssuingError(.notOurs, "\(credential.said) is issued already")
        }
        try refuseWhilePending(credential.said, what: credential.said.text)
        try requireValid(credential)
        let event = try Self.writing {
            try RegistryEventBuilder.issuance(of: credential.said, in: state, dated: dated)
        }
        return try await seal(
            event, by: try owner(of: registry), credential: credential.bytes, signers: signers, now: now)
    }

    /// Refuses what a verifier would refuse: a seal can't be taken back.
    private func requireValid(_ credential: Credential) throws {
        let ledger = try book.load()
        try store.read(credentials: { transaction in
            for edge in try EdgeTree(of: credential)?.root.edges ?? [] {
                guard !ledger.pending.contains(where: { $0.kind.isRevocation && $0.subject == edge.node }) else {
                    throw IssuingError(.wouldNotVerify, "\(edge.node) is being revoked")
                }
            }
            guard try transaction.schema(credential.schema) != nil else {
                throw IssuingError(.unknownSchema, "the schema \(credential.schema) is not kept here")
            }
            let judgement = try CredentialDecision(transaction).decideContent(of: credential)
            guard judgement.outcome == .accepted else {
                throw IssuingError(.wouldNotVerify, judgement.missing)
            }
        })
    }

    /// Revokes a credential of a registry of ours, for ever.
    /// - Throws: ``IssuingError``, and what ``Controller/anchor(_:signers:format:now:)`` throws.
    public func revoke(
        _ credential: SAID, dated: Timestamp, signers: [Int]? = nil, now: Timestamp
    ) async throws -> IssuedEvent {
        let ledger = try book.load()
        if let pending = ledger.pending.first(where: { $0.subject == credential && $0.kind.isRevocation }) {
            // What was begun is finished with the same bytes.
            return try await resume(pending, signers: signers, now: now)
        }
        for registry in ledger.registries {
            guard let status = try store.read(credentials: { try $0.status(of: credential, in: registry.said) })
            else { continue }
            guard !status.isRevoked else {
                throw IssuingError(.alreadyRevoked, "\(credential) was revoked, dated \(status.dated)")
            }
            try refuseWhilePending(credential, what: credential.text)
            let state = try state(of: registry)
            let event = try Self.writing {
                try RegistryEventBuilder.revocation(of: status, in: state, dated: dated)
            }
            return try await seal(event, by: try owner(of: registry), signers: signers, now: now)
        }
        throw IssuingError(.unknownCredential, "no registry of yours has issued \(credential)")
    }
}
