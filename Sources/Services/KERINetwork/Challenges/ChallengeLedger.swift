// SPDX-License-Identifier: Apache-2.0

public import KERI
public import KelmarkBytes

/// What must outlive a command about challenges: the words that we gave out, and the answers that came.
public struct ChallengeLedger: Sendable, Hashable {
    /// Words that were given out and not answered yet.
    public var given: [GivenChallenge] = []
    /// Answers that came and were not asked for yet.
    public var answers: [ChallengeAnswer] = []

    /// Nothing was given out.
    public init() {}

    /// How long words can be answered, in seconds.
    public static let lifetime: Int64 = 3600
    /// Most words and most answers that are kept; the oldest go first.
    static let limit = 256
}

/// Words that were given out.
public struct GivenChallenge: Sendable, Hashable {
    /// The digest of the words.
    public let digest: String
    /// When.
    public let since: Timestamp
}

/// An answer whose signature was verified.
public struct ChallengeAnswer: Sendable, Hashable {
    /// Who answered.
    public let sender: AID
    /// The AID that it was meant for.
    public let recipient: AID
    /// The digest of the words in it.
    public let digest: String
    /// When its author says it was made.
    public let dated: Timestamp
    /// The digest of the message.
    public let said: SAID
}

/// Where the ledger of challenges is kept. What `update` returns is durable; a change that throws did not happen.
public protocol ChallengeBook: Sendable {
    /// The ledger as it is.
    /// - Throws: ``ChallengeError`` when it can't be read back, or what the medium fails with.
    func load() throws -> ChallengeLedger
    /// Reads, changes and writes the ledger with nobody in between.
    /// - Throws: what `change` throws, ``ChallengeError`` when it can't be read back, what the medium fails with.
    func update<Result: Sendable>(_ change: (inout ChallengeLedger) throws -> Result) throws -> Result
}

/// The one form in which challenges are kept: ordered JSON with a version.
public enum ChallengeLedgerCoding {
    /// The ledger as a document.
    public static func encode(_ ledger: ChallengeLedger) -> OrderedMap {
        [
            "version": 1,
            "given": .list(
                ledger.given.map { ["words": .text($0.digest), "since": .text($0.since.description)] }),
            "answers": .list(
                ledger.answers.map { answer in
                    [
                        "from": .text(answer.sender.text), "to": .text(answer.recipient.text),
                        "words": .text(answer.digest), "dated": .text(answer.dated.description),
                        "said": .text(answer.said.text),
                    ]
                }),
        ]
    }

    /// Reads a document back.
    /// - Throws: ``ChallengeError`` `bookDamaged`, `bookTooNew`.
    public static func decode(_ document: OrderedMap) throws(ChallengeError) -> ChallengeLedger {
        let damaged = ChallengeError(.bookDamaged, "the book of challenges has not its members")
        guard let version = document["version"]?.integerValue else { throw damaged }
        guard version == 1 else {
            throw ChallengeError(.bookTooNew, "the book of challenges has version \(version)")
        }
        guard let given = document["given"]?.listValue, let answers = document["answers"]?.listValue else {
            throw damaged
        }
        var ledger = ChallengeLedger()
        for item in given {
            guard let words = item["words"]?.textValue, let since = item["since"]?.textValue.flatMap({ Timestamp($0) })
            else { throw damaged }
            ledger.given.append(GivenChallenge(digest: words, since: since))
        }
        for item in answers {
            guard let sender = item["from"]?.textValue.flatMap({ AID($0) }),
                let recipient = item["to"]?.textValue.flatMap({ AID($0) }), let words = item["words"]?.textValue,
                let dated = item["dated"]?.textValue.flatMap({ Timestamp($0) }),
                let said = item["said"]?.textValue.flatMap({ SAID($0) })
            else { throw damaged }
            ledger.answers.append(
                ChallengeAnswer(sender: sender, recipient: recipient, digest: words, dated: dated, said: said))
        }
        return ledger
    }
}
