// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// The list at the end of a proof file: what the file should hold, and the newest event of each log.
///
/// Nobody signs it. It finds damage and loss on the way; against an attacker only the seals and signatures of the
/// parts themselves count.
public struct ProofManifest: Hashable, Sendable {
    /// One line of the list.
    public struct Entry: Hashable, Sendable {
        /// Which part.
        public let name: ProofPart.Name
        /// Messages of a log, certificates of a chain, else 1.
        public let count: Int
        /// SHA-256 of the content.
        public let sha256: [UInt8]
    }

    /// The parts in the order of the file.
    public let entries: [Entry]
    /// The last event of each log in the file.
    public let newestEvents: [EventPosition]

    /// The manifest of these parts and events.
    init(parts: [ProofPart], newestEvents: [EventPosition]) {
        entries = parts.map { Entry(name: $0.name, count: $0.count, sha256: $0.sha256) }
        self.newestEvents = newestEvents
    }

    /// The message at the end of a file.
    var message: [UInt8]? {
        ProofFileFormat.address([
            "v": "", "t": .text(ProofFileFormat.manifestType), "d": "",
            "parts": .list(
                entries.map { entry in
                    [
                        "kind": .text(entry.name.kind.rawValue), "id": .text(entry.name.id),
                        "count": OrderedValue(entry.count), "sha256": .text(hexadecimal(entry.sha256)),
                    ]
                }),
            "events": .list(
                newestEvents.map { event in
                    [
                        "i": .text(event.aid), "s": .text(String(event.sn, radix: 16)), "d": .text(event.said),
                    ]
                }),
        ])
    }

    /// Reads the body of a manifest message that starts at `offset` of the file.
    init(body: [UInt8], at offset: Int) throws(ProofFileError) {
        let malformed = ProofFileError(.manifestMalformed, at: offset)
        guard let map = (try? OrderedValue(parsing: body.span, format: .json))?.mapValue,
            map.labels == ["v", "t", "d", "parts", "events"], let parts = map["parts"]?.listValue,
            let events = map["events"]?.listValue, parts.count <= ProofFileFormat.mostParts,
            events.count <= parts.count
        else { throw malformed }
        var entries: [Entry] = []
        for part in parts {
            guard let part = part.mapValue, part.labels == ["kind", "id", "count", "sha256"],
                let kind = part["kind"]?.textValue.flatMap(ProofPart.Kind.init(rawValue:)),
                let id = part["id"]?.textValue, let count = part["count"]?.integerValue, count > 0,
                let digest = part["sha256"]?.textValue.flatMap(Self.digest)
            else { throw malformed }
            entries.append(Entry(name: ProofPart.Name(kind: kind, id: id), count: count, sha256: digest))
        }
        guard Set(entries.map(\.name)).count == entries.count else { throw malformed }
        var newest: [EventPosition] = []
        for event in events {
            guard let event = event.mapValue, event.labels == ["i", "s", "d"], let aid = event["i"]?.textValue,
                let text = event["s"]?.textValue, let sn = UInt128(text, radix: 16),
                String(sn, radix: 16) == text, let said = event["d"]?.textValue
            else { throw malformed }
            newest.append(EventPosition(aid: aid, sn: sn, said: said))
        }
        self.entries = entries
        newestEvents = newest
    }

    private static func digest(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: 64, by: 2) {
            guard let high = digit(digits[place]), let low = digit(digits[place + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
