// SPDX-License-Identifier: Apache-2.0

internal import KERI
public import KelmarkBytes

/// How is written down how far mailboxes have been read: `{"version":1,"cursors":[{for, at, topic, next}…]}`.
public enum MailCursorCoding {
    /// The document.
    public static func encode(_ cursors: [MailCursor: UInt64]) -> OrderedMap {
        let sorted = cursors.sorted {
            ($0.key.recipient.text, $0.key.host.text, $0.key.topic)
                < ($1.key.recipient.text, $1.key.host.text, $1.key.topic)
        }
        return [
            "version": 1,
            "cursors": .list(
                sorted.map { cursor, next in
                    [
                        "for": .text(cursor.recipient.text), "at": .text(cursor.host.text),
                        "topic": .text(cursor.topic), "next": .integer(String(next)),
                    ]
                }),
        ]
    }

    /// The cursors of a document.
    /// - Throws: ``ControllerError`` `bookDamaged`, `bookTooNew`.
    public static func decode(_ document: OrderedMap) throws(ControllerError) -> [MailCursor: UInt64] {
        let damaged = ControllerError(.bookDamaged, "the list of mailboxes has not its members")
        guard let version = document["version"]?.integerValue, let list = document["cursors"]?.listValue else {
            throw damaged
        }
        guard version == 1 else {
            throw ControllerError(.bookTooNew, "the list of mailboxes has version \(version)")
        }
        var cursors: [MailCursor: UInt64] = [:]
        for item in list {
            guard let recipient = item["for"]?.textValue.flatMap({ AID($0) }),
                let host = item["at"]?.textValue.flatMap({ AID($0) }), let topic = item["topic"]?.textValue,
                let next = item["next"]?.integerValue, next >= 0
            else { throw damaged }
            cursors[MailCursor(recipient: recipient, host: host, topic: topic)] = UInt64(next)
        }
        return cursors
    }
}
