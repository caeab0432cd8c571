// SPDX-License-Identifier: Apache-2.0

public import ACDC
public import CESR
public import KERI

/// What became of a message about a credential that somebody sent.
public enum ExchangeReceipt: Hashable, Sendable {
    /// It has its place in an exchange.
    case taken(ExchangeRecord, CredentialExchangeKind)
    /// It was taken before.
    case repeated(ExchangeRecord)
    /// It waits for the log of its sender.
    case waits(AID)
    /// It was left alone.
    case refused(ExchangeRefusal)
}

/// What admitting a grant came to.
public enum Admission: Hashable, Sendable {
    /// The credential is accepted and the admit is sent.
    case admitted(ExchangeRecord)
    /// The credential can't be accepted yet: for what it waits, and in words.
    case waits(CredentialEscrowReason, String)
    /// The credential is not accepted; why, by codes.
    case refused([String])
}

extension CredentialExchanges {
    /// Takes in a message that somebody sent. What it hands over is not looked at before it is admitted.
    ///
    /// - Parameter owner: the AID of ours in whose mailbox it lay.
    /// - Throws: what store and book fail with.
    public func receive(
        _ exchange: Exchange, _ attachments: Attachments, for owner: AID, now: Timestamp
    ) throws -> ExchangeReceipt {
        let processor = EventProcessor(store: wallet.store, policy: try wallet.policy())
        switch try processor.process(.exchange(exchange), with: attachments, origin: .remote, now: now) {
        case .verified: break
        case .escrowed: return .waits(exchange.sender)
        case .accepted, .duplicate, .rejected: return .refused(.unsigned)
        }
        // Who has only the keys of the past must not speak for the controller of today.
        guard let state = try wallet.keyState(of: exchange.sender),
            exchange.signer(in: attachments)?.said == state.establishmentSAID
        else { return .refused(.unsigned) }
        let message: CredentialExchange
        do throws(ExchangeRefusal) { message = try CredentialExchange(exchange, attachments) } catch {
            return .refused(error)
        }
        guard message.recipient ?? owner == owner, try wallet.book.load().contains(where: { $0.aid == owner }) else {
            return .refused(.wrongRecipient)
        }
        guard let bytes = try? Self.kept(exchange, attachments) else { return .refused(.tooLarge) }
        do {
            let (record, isNew) = try book.update { ledger in
                try ledger.take(message, bytes, own: owner, isOurs: false, now: now)
            }
            return isNew ? .taken(record, message.kind) : .repeated(record)
        } catch let error as ExchangeError {
            guard let refusal = error.refusal else { throw error }
            return .refused(refusal)
        }
    }

    /// The message with the attachments that mean something for it.
    private static func kept(_ exchange: Exchange, _ attachments: Attachments) throws(CESRError) -> [UInt8] {
        var kept = Attachments()
        kept.transferableGroups = attachments.transferableGroups.filter { AID($0.prefix) == exchange.sender }
        kept.pathedGroups = attachments.pathedGroups
        return try kept.following(exchange.bytes)
    }

    /// Admits a grant: feeds the anchoring event, the issuance and the credential to the ordinary processors, and says
    /// so to who granted when the credential is accepted and not revoked.
    ///
    /// It can be done again at will: after what was missing has come, or when the admit could not be sent.
    /// - Throws: ``ExchangeError`` `unknown`, `notExpected`, `notSent`; ``ControllerError``; what vault, store and book
    ///   fail with.
    public func admit(_ grant: SAID, as own: String? = nil, note: String = "") async throws -> Admission {
        let record = try record(grant)
        guard !record.isOurs, case .grant(let handed) = try record.content().content else {
            throw ExchangeError(.notExpected, "\(grant) is no grant that somebody sent us")
        }
        let thread = try book.load().thread(record.thread)
        let isAdmitted = thread?.latest.kind == .admit
        guard isAdmitted || thread?.expected.contains(.admit) ?? false else {
            throw ExchangeError(.notExpected, "\(grant) has its answer")
        }
        do throws(ExchangeRefusal) { try handed.check() } catch { return .refused([error.rawValue]) }
        let stream = handed.parts.reduce(into: []) { $0 += $1.message }
        let report = try custody.take(stream, now: clock.now())
        // Whatever is held already, a grant with a part that is refused hands something else over.
        guard report.refusals.isEmpty else { return .refused(report.refusals) }
        switch try custody.standing(of: handed.credential.said) {
        case .held: break
        case .revoked(let why): return .refused([ExchangeError.Code.revoked.rawValue, why])
        case .waits(let reason, let missing): return .waits(reason, missing)
        case .unsound(let why): return .refused([why])
        case .unknown: return .refused([ExchangeError.Code.notHeld.rawValue])
        }
        // The grant may have hidden whose credential it is; what is kept here shows what all copies have shown.
        guard
            let target = try custody.target(of: handed.credential.said),
            target.mayBeHandedOver(by: record.partner, issuer: handed.credential.issuer)
        else { return .refused([ExchangeRefusal.wrongDiscloser.rawValue]) }
        return .admitted(try await say(.admit, as: own, answering: grant, note: note))
    }
}
