// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
public import KelmarkBytes

/// The one form in which exchanges are kept: ordered JSON with a version.
public enum ExchangeLedgerCoding {
    /// The ledger as a document.
    public static func encode(_ ledger: ExchangeLedger) -> OrderedMap {
        [
            "version": 1,
            "forgotten": .list(ledger.forgotten.map { .text($0.text) }),
            "messages": .list(
                ledger.records.map { one in
                    [
                        "thread": .text(one.thread.text), "said": .text(one.said.text), "own": .text(one.own.text),
                        "partner": .text(one.partner.text), "ours": .boolean(one.isOurs),
                        "sent": .boolean(one.isSent), "kind": .text(one.kind.rawValue),
                        "since": .text(one.since.description),
                        "message": .text(Base64URL.encodedString(one.message.span)),
                    ]
                }),
        ]
    }

    /// Reads a document back.
    /// - Throws: ``ExchangeError`` `bookDamaged`, `bookTooNew`.
    public static func decode(_ document: OrderedMap) throws(ExchangeError) -> ExchangeLedger {
        let damaged = ExchangeError(.bookDamaged, "the book of exchanges has not its members")
        guard let version = document["version"]?.integerValue else { throw damaged }
        guard version == 1 else { throw ExchangeError(.bookTooNew, "the book of exchanges has version \(version)") }
        guard let messages = document["messages"]?.listValue else { throw damaged }
        var ledger = ExchangeLedger()
        // Books of the first days have neither this nor the kinds of messages.
        for item in document["forgotten"]?.listValue ?? [] {
            guard let said = item.textValue.flatMap({ SAID($0) }) else { throw damaged }
            ledger.forgotten.append(said)
        }
        for item in messages {
            guard let thread = item["thread"]?.textValue.flatMap({ SAID($0) }),
                let said = item["said"]?.textValue.flatMap({ SAID($0) }),
                let own = item["own"]?.textValue.flatMap({ AID($0) }),
                let partner = item["partner"]?.textValue.flatMap({ AID($0) }),
                let isOurs = item["ours"]?.booleanValue, let isSent = item["sent"]?.booleanValue,
                let since = item["since"]?.textValue.flatMap({ Timestamp($0) }),
                let text = item["message"]?.textValue, let message = try? Base64URL.decode(text.utf8.span)
            else { throw damaged }
            let kind: CredentialExchangeKind
            if let known = item["kind"] {
                guard let read = known.textValue.flatMap({ CredentialExchangeKind(rawValue: $0) }) else {
                    throw damaged
                }
                kind = read
            } else {
                guard let read = try? ExchangeRecord.read(message).kind else { throw damaged }
                kind = read
            }
            ledger.records.append(
                ExchangeRecord(
                    thread: thread, said: said, own: own, partner: partner, isOurs: isOurs, kind: kind,
                    message: message, since: since, isSent: isSent))
        }
        return ledger
    }
}
