// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KelmarkBytes

// Reading single members. `member` counts in the order of the body's members, from 0 for `v`.

extension MessageParser {
    func bad(_ name: String, _ member: Int) -> MessageError {
        MessageError(.badValue(name), at: Int(index.tokens[values[member]].start))
    }

    func identifier<ID: QualifiedIdentifier>(
        _ member: Int, _ name: String, in bytes: Span<UInt8>
    ) throws(MessageError) -> ID {
        let token = index.tokens[values[member]]
        guard token.kind == .text, !token.hasEscapes, let id = ID(text: bytes.extracting(token.range)) else {
            throw bad(name, member)
        }
        return id
    }

    /// An identifier, or nil for the empty text.
    func optionalIdentifier<ID: QualifiedIdentifier>(
        _ member: Int, _ name: String, in bytes: Span<UInt8>
    ) throws(MessageError) -> ID? {
        let token = index.tokens[values[member]]
        if token.kind == .text, token.byteCount == 0 { return nil }
        return try identifier(member, name, in: bytes) as ID
    }

    func identifiers<ID: QualifiedIdentifier>(
        _ member: Int, _ name: String, in bytes: Span<UInt8>
    ) throws(MessageError) -> [ID] {
        let position = values[member]
        let list = index.tokens[position]
        guard list.kind == .list else { throw bad(name, member) }
        if list.count == 0 { return [] }
        // More could not be signed for: an index has two characters and a counter too.
        guard list.count < 4096 else { throw bad(name, member) }
        var ids: [ID] = []
        ids.reserveCapacity(Int(list.count))
        for element in (position + 1)...(position + Int(list.count)) {
            // An element that holds others makes the tokens behind it miss the list; it is refused before they matter.
            let token = index.tokens[element]
            guard token.kind == .text, !token.hasEscapes, let id = ID(text: bytes.extracting(token.range)) else {
                throw MessageError(.badValue(name), at: Int(token.start))
            }
            ids.append(id)
        }
        return ids
    }

    func texts(_ member: Int, _ name: String, in bytes: Span<UInt8>) throws(MessageError) -> [String] {
        let position = values[member]
        let list = index.tokens[position]
        guard list.kind == .list else { throw bad(name, member) }
        var texts: [String] = []
        for element in 0..<Int(list.count) {
            let token = index.tokens[position + 1 + element]
            guard token.kind == .text else { throw MessageError(.badValue(name), at: Int(token.start)) }
            texts.append(index.string(of: token, in: bytes))
        }
        return texts
    }

    func text(_ member: Int, _ name: String, in bytes: Span<UInt8>) throws(MessageError) -> String {
        let token = index.tokens[values[member]]
        guard token.kind == .text else { throw bad(name, member) }
        return index.string(of: token, in: bytes)
    }

    func date(_ member: Int, in bytes: Span<UInt8>) throws(MessageError) -> Timestamp {
        guard let date = Timestamp(try text(member, "dt", in: bytes)) else { throw bad("dt", member) }
        return date
    }

    func map(_ member: Int, _ name: String, in bytes: Span<UInt8>) throws(MessageError) -> OrderedMap {
        guard case .map(let map) = OrderedValue(index, at: values[member], in: bytes) else {
            throw bad(name, member)
        }
        return map
    }

    func sequenceNumber(_ member: Int, in bytes: Span<UInt8>) throws(MessageError) -> SequenceNumber {
        let token = index.tokens[values[member]]
        guard token.kind == .text, !token.hasEscapes,
            let sn = SequenceNumber(hex: bytes.extracting(token.range))
        else { throw bad("s", member) }
        return sn
    }

    /// A count in hexadecimal, or as an integer (keripy's "intive" form, accepted and never written).
    func count(_ member: Int, _ name: String, in bytes: Span<UInt8>) throws(MessageError) -> UInt32 {
        let token = index.tokens[values[member]]
        let value: UInt128? =
            switch token.kind {
            case .text where !token.hasEscapes: Hexadecimal.canonical(bytes.extracting(token.range))
            case .integer: index.unsignedInteger(of: token, in: bytes).map { UInt128($0) }
            default: nil
            }
        guard let value, let count = UInt32(exactly: value) else { throw bad(name, member) }
        return count
    }

    func eventSeal(_ member: Int, _ name: String, in bytes: Span<UInt8>) throws(MessageError) -> EventSeal {
        guard case .event(let seal) = index.seal(at: values[member], in: bytes) else {
            throw bad(name, member)
        }
        return seal
    }
}
