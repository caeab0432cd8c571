// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
public import KelmarkCrypto

/// The AIDs whose keys are held here, with the logs of everybody known. Also called Habery in KERIpy.
///
/// Order of writing: keys go into the vault before an event that commits to them is signed, names into the book before
/// the first event is stored, and an event that waits is kept in the book until it is accepted. So a crash at any moment
/// leaves at most keys and names that nothing refers to.
public struct Wallet<Store: KeyEventStore>: Sendable {
    /// Logs, escrows and replies.
    public let store: Store
    /// Private keys; nil in a wallet that only reads.
    public let vault: (any KeyVault)?
    /// Names, and events that wait.
    public let book: any WalletBook
    /// Whether everything is decided but nothing written.
    public let isDryRun: Bool

    /// Joins the three parts of a wallet.
    public init(store: Store, vault: (any KeyVault)?, book: any WalletBook, isDryRun: Bool = false) {
        self.store = store
        self.vault = vault
        self.book = book
        self.isDryRun = isDryRun
    }

    // MARK: Names

    /// The AIDs of the wallet that have at least an inception, waiting or accepted.
    /// - Throws: what book and store fail with.
    public func identifiers() throws -> [OwnedIdentifier] {
        let all = try book.load()
        let known = try store.read { transaction in
            try all.map { try transaction.keyState(of: $0.aid) != nil }
        }
        return zip(all, known).filter { $0.1 || $0.0.waitingEvent != nil }.map(\.0)
    }

    /// The AID with a name, or with this text as AID.
    /// - Throws: ``ControllerError`` `unknown`.
    public func identifier(_ nameOrAID: String) throws -> OwnedIdentifier {
        guard let found = try identifiers().first(where: { $0.name == nameOrAID || $0.aid.text == nameOrAID }) else {
            throw ControllerError(.unknown, "no AID of this wallet is called \(nameOrAID)")
        }
        return found
    }

    /// The AID that a name of the wallet or a text stands for, whether ours or not.
    /// - Throws: ``ControllerError`` `unknown`.
    public func aid(_ nameOrAID: String) throws -> AID {
        if let aid = AID(nameOrAID) { return aid }
        return try identifier(nameOrAID).aid
    }

    /// The key state of an AID, nil when none of its events was accepted.
    /// - Throws: what the store fails with.
    public func keyState(of aid: AID) throws -> KeyState? {
        try store.read { try $0.keyState(of: aid) }
    }

    func ring() async throws -> KeyRing {
        guard let vault else { throw ControllerError(.keyMissing, "the vault is not open") }
        return try await KeyRing(vault)
    }

    /// Changes one record of the book.
    func update(_ aid: AID, _ change: (inout OwnedIdentifier) -> Void) throws {
        guard !isDryRun else { return }
        var all = try book.load()
        guard let place = all.firstIndex(where: { $0.aid == aid }) else { return }
        let before = all[place]
        change(&all[place])
        if all[place] != before { try book.save(all) }
    }

    // MARK: Processing

    /// What strangers may do to the wallet's own AIDs: nothing.
    func policy() throws -> ProcessingPolicy {
        ProcessingPolicy(ownAIDs: Set(try book.load().map(\.aid)))
    }

    /// Decides about an event that was made here.
    func process(_ event: KeyEvent, _ attachments: Attachments, now: Timestamp) throws -> EventOutcome {
        let processor = EventProcessor(store: store, policy: try policy())
        guard isDryRun else {
            return try processor.process(.keyEvent(event), with: attachments, origin: .local, now: now)
        }
        do {
            return try store.write { transaction -> EventOutcome in
                let outcome = try processor.apply(
                    .keyEvent(event), with: attachments, origin: .local, to: &transaction, now: now)
                throw Undone(outcome: outcome)
            }
        } catch let undone as Undone {
            return undone.outcome
        }
    }

    private struct Undone: Error { let outcome: EventOutcome }

    /// Decides again about everything that waits, and clears what is no longer waiting from the book.
    ///
    /// An own event whose escrow was dropped is taken from the book again.
    /// - Returns: what left its escrow.
    /// - Throws: what store and book fail with.
    @discardableResult
    public func refresh(now: Timestamp) throws -> [ResumedMessage] {
        guard !isDryRun else { return [] }
        try keepWaitingEvents()
        let before = try book.load()
        for one in before {
            guard let message = one.waitingEvent, let (event, attachments) = Self.parse(message) else { continue }
            _ = try process(event, attachments, now: now)
        }
        let resumed = try EventProcessor(store: store, policy: try policy()).resume(now: now)
        try settleBook()
        return resumed
    }

    /// Copies own events from the escrows into the book: a crash may have come between.
    func keepWaitingEvents() throws {
        for one in try book.load() where one.waitingEvent == nil {
            let message = try store.read { transaction in
                try transaction.escrows(reason: nil, aid: one.aid, limit: 64)
                    .first { Self.ownReasons.contains($0.key.reason) }?.message
            }
            if let message { try update(one.aid) { $0.waitingEvent = message } }
        }
    }

    /// Removes events from the book that stand in the log now.
    private func settleBook() throws {
        for one in try book.load() {
            guard let message = one.waitingEvent, let (event, _) = Self.parse(message) else { continue }
            let isInLog = try store.read { try $0.record(of: event.aid, at: event.sn, said: event.said) != nil }
            if isInLog { try update(one.aid) { $0.waitingEvent = nil } }
        }
    }

    private static var ownReasons: Set<EscrowReason> {
        [.partialSignatures, .partialDelegation, .delegable, .partialWitnesses]
    }

    /// Reads a stored message back.
    static func parse(_ message: [UInt8]) -> (KeyEvent, Attachments)? {
        guard let stored = try? StoredMessage(message), case .keyEvent(let event) = stored.message else { return nil }
        return (event, stored.attachments)
    }
}
