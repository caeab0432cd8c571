// SPDX-License-Identifier: Apache-2.0

public import ACDC
internal import CESR
public import KERI

extension SQLiteKeyEventTransaction {
    /// What a backer has signed at a place of a registry.
    public func backedEvent(
        of subject: SAID, in registry: SAID, at sn: SequenceNumber, by backer: AID
    ) throws -> BackedEvent? {
        try query(
            """
            SELECT said, kind, signature, signed_at FROM backed_events
            WHERE registry = ? AND subject = ? AND sn = ? AND backer = ?
            """
        ) { statement in
            try statement.bind(registry)
            try statement.bind(subject)
            try statement.bind(sn)
            try statement.bind(backer)
            guard try statement.step() else { return nil }
            guard let kind = MessageKind(rawValue: try statement.text(1)) else { throw statement.unreadable(1) }
            let stored = try statement.bytes(2)
            guard let signature = try? Attachments(stored.span).witnessSignatures.first else {
                throw statement.unreadable(2)
            }
            return BackedEvent(
                registry: registry, subject: subject, sn: sn, said: try statement.identifier(0), kind: kind,
                backer: backer, signature: signature, signedAt: try statement.time(3))
        }
    }

    /// Keeps what a backer signs; what was kept at the place makes room.
    public func putBackedEvent(_ event: BackedEvent) throws {
        var attachments = Attachments()
        attachments.witnessSignatures = [event.signature]
        let stored: [UInt8]
        do {
            stored = try attachments.encoded(in: .text)
        } catch { throw StoreError(.unavailable, "a backer's signature can't be written: \(error)") }
        try change(
            """
            INSERT INTO backed_events (registry, subject, sn, backer, said, kind, signature, signed_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (registry, subject, sn, backer) DO UPDATE
            SET said = excluded.said, kind = excluded.kind, signature = excluded.signature,
                signed_at = excluded.signed_at
            """
        ) { statement in
            try statement.bind(event.registry)
            try statement.bind(event.subject)
            try statement.bind(event.sn)
            try statement.bind(event.backer)
            try statement.bind(event.said)
            try statement.bind(event.kind.rawValue)
            try statement.bind(stored)
            try statement.bind(event.signedAt)
        }
    }
}
