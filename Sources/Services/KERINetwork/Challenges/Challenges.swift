// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes

/// Shows that somebody whom one talks to holds the keys of an AID now: one tells words by another way, the other signs
/// them (facts 11.2 `/challenge/response`).
///
/// Words are believed once, for an hour, and only those that were given out here; so a recorded answer is worth nothing.
public struct Challenges<Store: KeyEventStore>: Sendable {
    private let wallet: Wallet<Store>
    private let book: any ChallengeBook
    private let courier: any GroupCourier

    /// The mailbox topic of answers.
    public static var topic: String { "challenge" }
    /// The route of answers.
    static var route: String { "/challenge/response" }
    /// How far the clocks of two people may be apart, in seconds.
    public static var clockSkew: Int64 { 300 }

    /// Joins keys, a book and a courier.
    public init(_ wallet: Wallet<Store>, book: any ChallengeBook, courier: any GroupCourier) {
        self.wallet = wallet
        self.book = book
        self.courier = courier
    }

    /// Gives out new words.
    /// - Throws: what the book fails with; ``CryptoError``.
    public func give(now: Timestamp) throws -> ChallengeWords {
        let words = try ChallengeWords.random()
        try book.update { ledger in
            ledger.given.removeAll { $0.since.advanced(bySeconds: ChallengeLedger.lifetime) < now }
            ledger.given.append(GivenChallenge(digest: words.digest, since: now))
            ledger.given.removeFirst(max(0, ledger.given.count - ChallengeLedger.limit))
        }
        return words
    }

    /// Answers the words that somebody told us.
    /// - Throws: ``ControllerError``, ``PostError``, what vault and store fail with.
    public func answer(_ words: ChallengeWords, to recipient: AID, as own: String, now: Timestamp) async throws {
        let sender = try Controller(wallet, own)
        let body = try ExchangeBody.bytes(
            from: sender.aid, route: Self.route,
            payload: ["i": .text(recipient.text), "words": .list(words.words.map { .text($0) })],
            form: await courier.form(for: recipient), dated: now)
        try await courier.send(
            body, attachments: try await sender.proof(of: body), to: recipient, from: sender.aid, topic: Self.topic)
    }

    /// Takes in an answer from the network; who asked for it finds it by ``verify(_:from:as:now:)``.
    ///
    /// - Parameter owner: whose mailbox it lay in. The command of keripy names the sender where others name the
    ///   recipient: then nothing but the mailbox tells whom the answer is for, and its sender can have been made to
    ///   answer somebody else's words.
    /// - Returns: the answer.
    /// - Throws: ``ChallengeError`` `malformed`, `notOurs`, `notGiven`; what store and book fail with.
    func receive(
        _ exchange: Exchange, _ attachments: Attachments, for owner: AID, now: Timestamp
    ) throws -> ChallengeAnswer {
        guard exchange.route == Self.route, let named = exchange.payload.aid("i"),
            let list = exchange.payload["words"]?.listValue,
            let words = ChallengeWords(list.compactMap(\.textValue)), words.words.count == list.count
        else { throw ChallengeError(.malformed, "the message has not the members of an answer") }
        let recipient = named == exchange.sender ? owner : named
        guard try wallet.book.load().contains(where: { $0.aid == recipient }) else {
            throw ChallengeError(.notOurs, "\(recipient) is none of our AIDs")
        }
        let processor = EventProcessor(store: wallet.store, policy: try wallet.policy())
        let outcome = try processor.process(.exchange(exchange), with: attachments, origin: .remote, now: now)
        guard outcome == .verified, let state = try wallet.keyState(of: exchange.sender) else {
            throw ChallengeError(.malformed, "nothing shows that \(exchange.sender) sent it")
        }
        // Who has only the keys of the past must not pass for the controller of today.
        guard
            attachments.transferableGroups.contains(where: {
                AID($0.prefix) == exchange.sender && SAID($0.said) == state.establishmentSAID
            })
        else { throw ChallengeError(.malformed, "\(exchange.sender) signed with keys that it has replaced") }
        let answer = ChallengeAnswer(
            sender: exchange.sender, recipient: recipient, digest: words.digest, dated: exchange.dated,
            said: exchange.said)
        try book.update { ledger in
            // Anybody can sign any words; only answers to ours are kept, one of each, so that nobody pushes another's out.
            guard ledger.given.contains(where: { $0.digest == answer.digest }) else {
                throw ChallengeError(.notGiven, "these words were not given out here, or are answered already")
            }
            ledger.answers.removeAll { $0.sender == answer.sender && $0.digest == answer.digest }
            ledger.answers.append(answer)
            ledger.answers.removeFirst(max(0, ledger.answers.count - ChallengeLedger.limit))
        }
        return answer
    }

    /// Whether somebody has answered words of ours. The words are spent then.
    /// - Throws: ``ChallengeError`` `notGiven`, `expired`, `unanswered`, `dated`; what the book fails with.
    public func verify(
        _ words: ChallengeWords, from sender: AID, as own: AID, now: Timestamp
    ) throws -> ChallengeAnswer {
        let digest = words.digest
        return try book.update { ledger in
            guard let given = ledger.given.first(where: { $0.digest == digest }) else {
                throw ChallengeError(.notGiven, "these words were not given out here, or are answered already")
            }
            guard now <= given.since.advanced(bySeconds: ChallengeLedger.lifetime) else {
                throw ChallengeError(.expired, "these words were given out at \(given.since)")
            }
            guard
                let answer = ledger.answers.first(where: {
                    $0.sender == sender && $0.recipient == own && $0.digest == digest
                })
            else { throw ChallengeError(.unanswered, "no answer with these words has come from \(sender)") }
            guard answer.dated.advanced(bySeconds: Self.clockSkew) >= given.since,
                answer.dated <= now.advanced(bySeconds: Self.clockSkew)
            else {
                throw ChallengeError(
                    .dated, "the answer is dated \(answer.dated), but the words were given out at \(given.since)")
            }
            ledger.given.removeAll { $0.digest == digest }
            ledger.answers.removeAll { $0.digest == digest }
            return answer
        }
    }
}
