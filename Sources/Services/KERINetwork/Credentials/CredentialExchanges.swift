// SPDX-License-Identifier: Apache-2.0

public import ACDC
internal import CESR
public import KERI
public import KelmarkBytes

/// The exchanges of a wallet's AIDs: asks for credentials, offers, agrees, hands over, admits, says no (facts 13.7).
/// Also called IPEX in KERIpy.
///
/// A message of ours is kept before it is sent, and marked when it was handed over; so nothing is said twice in two
/// ways, and what a crash or an absent peer held up is sent by ``resume()``. A message of somebody else is kept when its
/// signature and its place in the exchange are right; what it hands over is looked at only when it is admitted.
public struct CredentialExchanges<Store: KeyEventStore>: CredentialIntake {
    let wallet: Wallet<Store>
    let custody: any CredentialCustody
    let book: any ExchangeBook
    let courier: any CredentialCourier
    let clock: any NetworkClock

    /// The mailbox topic of credentials and of what is said about them.
    public static var topic: String { "credential" }

    /// Joins keys, credentials, a book and a courier.
    public init(
        _ wallet: Wallet<Store>, custody: any CredentialCustody, book: any ExchangeBook,
        courier: any CredentialCourier, clock: any NetworkClock
    ) {
        self.wallet = wallet
        self.custody = custody
        self.book = book
        self.courier = courier
        self.clock = clock
    }

    /// Takes in key events, registry events and credentials.
    /// - Throws: what the store fails with.
    public func take(_ stream: [UInt8], now: Timestamp) throws -> IntakeReport {
        try custody.take(stream, now: now)
    }

    /// Decides again about what waits for logs that have grown.
    /// - Throws: what the store fails with.
    public func wake(after logs: Set<AID>, now: Timestamp) throws { try custody.wake(after: logs, now: now) }

    // MARK: Looking

    /// Every exchange that is kept, oldest first.
    /// - Throws: what the book fails with.
    public func list() throws -> [ExchangeSummary] {
        let ledger = try book.load()
        return ledger.threads().compactMap { thread in
            let records = ledger.records.filter { $0.thread == thread.id }
            guard let first = records.first else { return nil }
            return ExchangeSummary(
                thread: thread, own: first.own, partner: first.partner, since: first.since,
                unsent: records.filter { !$0.isSent }.map(\.said))
        }
    }

    /// One message that is kept.
    /// - Throws: ``ExchangeError`` `unknown`; what the book fails with.
    public func record(_ said: SAID) throws -> ExchangeRecord {
        guard let record = try book.load().record(said) else {
            throw ExchangeError(.unknown, "no message of an exchange is called \(said)")
        }
        return record
    }

    // MARK: Verbs

    /// Asks somebody for a credential.
    /// - Throws: ``ExchangeError``, ``ControllerError``; what vault, store and book fail with.
    public func apply(
        for schema: SAID, attributes: OrderedMap = [:], to recipient: AID, as own: String, note: String = ""
    ) async throws -> ExchangeRecord {
        try await say(.apply(schema: schema, attributes: attributes), to: recipient, as: own, note: note)
    }

    /// Shows a credential that could be handed over, unasked or in answer to an application.
    ///
    /// - Parameter recipient: nil for who applied, or else for the one to whom it is issued.
    /// - Throws: as ``apply(for:attributes:to:as:note:)``.
    public func offer(
        _ credential: SAID, to recipient: AID? = nil, answering application: SAID? = nil, as own: String,
        note: String = ""
    ) async throws -> ExchangeRecord {
        let proof = try proof(of: credential)
        let shown = try Self.reading { () throws(ExchangeRefusal) in
            try DisclosedCredential(EmbeddedPart(message: EmbeddedPart(message: proof.credential).body))
        }
        return try await say(
            .offer(shown), to: recipient ?? (application == nil ? shown.issuee : nil), as: own, answering: application,
            note: note)
    }

    /// Wants what was offered.
    /// - Throws: as ``apply(for:attributes:to:as:note:)``.
    public func agree(_ offer: SAID, as own: String? = nil, note: String = "") async throws -> ExchangeRecord {
        try await say(.agree, as: own, answering: offer, note: note)
    }

    /// Hands a credential over, unasked or to who agreed: first everything that it rests on, then the grant.
    ///
    /// - Parameter recipient: nil for who agreed, or else for the one to whom it is issued.
    /// - Throws: ``ExchangeError`` `notHeld`, `revoked` and others; as ``apply(for:attributes:to:as:note:)``.
    public func grant(
        _ credential: SAID, to recipient: AID? = nil, answering agreement: SAID? = nil, as own: String,
        note: String = ""
    ) async throws -> ExchangeRecord {
        let proof = try proof(of: credential)
        let grant = try Self.reading { () throws(ExchangeRefusal) in
            CredentialGrant(
                credential: try DisclosedCredential(EmbeddedPart(message: proof.credential)),
                issuance: try EmbeddedPart(message: proof.issuance), anchor: try EmbeddedPart(message: proof.anchor))
        }
        return try await say(
            .grant(grant), to: recipient ?? (agreement == nil ? grant.credential.issuee : nil), as: own,
            answering: agreement, note: note)
    }

    /// Says no to the latest message of an exchange, which ends it.
    /// - Throws: as ``apply(for:attributes:to:as:note:)``.
    public func spurn(_ message: SAID, as own: String? = nil, note: String = "") async throws -> ExchangeRecord {
        try await say(.spurn, as: own, answering: message, note: note)
    }

    /// Sends somebody what is known of a credential without handing it over: logs, registry and the newest events of it,
    /// as an issuer does after a revocation.
    ///
    /// - Parameter recipient: nil for the one to whom it is issued.
    /// - Throws: ``ExchangeError`` `notHeld`, `noRecipient`, `notSent`; what store and vault fail with.
    public func inform(of credential: SAID, to recipient: AID? = nil, as own: String) async throws {
        let sender = try Controller(wallet, own)
        guard let proof = try custody.proof(of: credential) else {
            throw ExchangeError(.notHeld, "\(credential) is not here")
        }
        let shown = try Self.reading { () throws(ExchangeRefusal) in
            try DisclosedCredential(EmbeddedPart(message: proof.credential))
        }
        guard let recipient = recipient ?? shown.issuee else {
            throw ExchangeError(.noRecipient, "it is issued to nobody in particular: say whom to inform")
        }
        do {
            try await courier.send(proof.artefacts, to: recipient, from: sender.aid, topic: Self.topic)
        } catch let error as PostError {
            throw ExchangeError(.notSent, error.description)
        } catch let error as TransportError { throw ExchangeError(.notSent, error.description) }
    }

    private func proof(of credential: SAID) throws -> CredentialProof {
        switch try custody.standing(of: credential) {
        case .held: break
        case .revoked(let why): throw ExchangeError(.revoked, "\(credential): \(why)")
        case .unknown: throw ExchangeError(.notHeld, "\(credential) is not here")
        case .waits(let reason, let missing):
            throw ExchangeError(.notHeld, "\(credential) waits: \(reason.rawValue), \(missing)")
        case .unsound(let why): throw ExchangeError(.notHeld, "\(credential): \(why)")
        }
        guard let proof = try custody.proof(of: credential) else {
            throw ExchangeError(.notHeld, "\(credential) is not here")
        }
        return proof
    }

    static func reading<R>(_ body: () throws(ExchangeRefusal) -> R) throws(ExchangeError) -> R {
        do throws(ExchangeRefusal) { return try body() } catch {
            throw ExchangeError(error, "the message can't be written")
        }
    }
}

/// An exchange and what is to be done about it.
public struct ExchangeSummary: Hashable, Sendable {
    /// Its messages, what may come next and from whom.
    public let thread: ExchangeThread
    /// The AID of ours that takes part.
    public let own: AID
    /// The other party.
    public let partner: AID
    /// When its first message was taken here.
    public let since: Timestamp
    /// Messages of ours that were not handed over yet.
    public let unsent: [SAID]

    /// Whether it is our turn.
    public var waitsForUs: Bool { thread.actor == own }
}
