// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KelmarkBytes
private import KelmarkCrypto

/// Writes KERI 1.0 bodies: members in order, version string with the final size, digests filled in (facts 3.4, 4).
public enum MessageBuilder {
    /// Serialises a body.
    ///
    /// - Parameters:
    ///   - kind: the type; `members` are those behind `v` and `t`.
    ///   - members: all members behind `t`, in order, with any text for members that are digests of the body.
    ///   - digests: the members that are the digest of the body.
    ///   - code: the digest's code.
    ///   - format: how to serialise.
    /// - Returns: the bytes.
    /// - Throws: when a value can't be written in `format`.
    package static func body(
        _ kind: MessageKind, _ members: [(String, OrderedValue)], digests: [String], code: PrimitiveCode = .blake3_256,
        format: DocumentFormat = .json
    ) throws(DocumentEncodingError) -> [UInt8] {
        var map = OrderedMap()
        map["v"] = .text(VersionString.keri10Text(format, size: 0))
        map["t"] = .text(kind.rawValue)
        for (label, value) in members { map[label] = value }
        return try SelfAddressing.seal(&map, labels: digests, code: code, format: format, version: true)
    }

    /// A receipt message (rct) for an event; the signatures go behind it.
    public static func receipt(
        of event: EventSeal, format: DocumentFormat = .json
    ) throws(DocumentEncodingError) -> [UInt8] {
        try body(
            .receipt,
            [("d", .text(event.said.text)), ("i", .text(event.aid.text)), ("s", .text(event.sn.hex))], digests: [],
            format: format)
    }

    /// A reply (rpy).
    public static func reply(
        route: String, payload: OrderedMap, dated: Timestamp, format: DocumentFormat = .json
    ) throws(DocumentEncodingError) -> [UInt8] {
        try body(
            .reply,
            [("d", ""), ("dt", .text(dated.description)), ("r", .text(route)), ("a", .map(payload))], digests: ["d"],
            format: format)
    }

    /// A query (qry).
    public static func query(
        route: String, parameters: OrderedMap, replyRoute: String = "", dated: Timestamp,
        format: DocumentFormat = .json
    ) throws(DocumentEncodingError) -> [UInt8] {
        try body(
            .query,
            [
                ("d", ""), ("dt", .text(dated.description)), ("r", .text(route)), ("rr", .text(replyRoute)),
                ("q", .map(parameters)),
            ], digests: ["d"], format: format)
    }

    /// An exchange message (exn) in the form of keripy 1.2 and later.
    public static func exchange(
        sender: AID, recipient: AID?, prior: SAID?, route: String, modifiers: OrderedMap, payload: OrderedMap,
        embeds: OrderedMap, dated: Timestamp, format: DocumentFormat = .json
    ) throws(DocumentEncodingError) -> [UInt8] {
        try body(
            .exchange,
            [
                ("d", ""), ("i", .text(sender.text)), ("rp", .text(recipient?.text ?? "")),
                ("p", .text(prior?.text ?? "")), ("dt", .text(dated.description)), ("r", .text(route)),
                ("q", .map(modifiers)), ("a", .map(payload)), ("e", .map(embeds)),
            ], digests: ["d"], format: format)
    }
}

/// Self-addressing data: a map that names its own digest (facts 4).
public enum SelfAddressing {
    /// Fills in the digest members of a map and, when it has a version string, the size.
    ///
    /// - Returns: the final bytes; `map` holds the final values.
    @discardableResult
    public static func seal(
        _ map: inout OrderedMap, labels: [String] = ["d"], code: PrimitiveCode = .blake3_256,
        format: DocumentFormat = .json, version: Bool = false
    ) throws(DocumentEncodingError) -> [UInt8] {
        let width = code.digestAlgorithm.map { $0.byteCount == 64 ? 88 : 44 } ?? 44
        let dummy = String(repeating: "#", count: width)
        for label in labels { map[label] = .text(dummy) }
        var bytes = try OrderedValue.map(map).encoded(as: format)
        if version, case .text(let text)? = map["v"], text.utf8.count == VersionString.count1 {
            let digits = String(bytes.count, radix: 16)
            map["v"] = .text(
                "\(text.prefix(10))\(String(repeating: "0", count: max(0, 6 - digits.utf8.count)))\(digits)_")
            bytes = try OrderedValue.map(map).encoded(as: format)
        }
        guard !labels.isEmpty, let algorithm = code.digestAlgorithm,
            let digest = try? Primitive(code: code, raw: algorithm.digest(bytes.span))
        else { return bytes }
        for label in labels { map[label] = .text(digest.text) }
        return try OrderedValue.map(map).encoded(as: format)
    }

    /// Whether the digest members of a map are what ``seal(_:labels:code:format:version:)`` would fill in; all of them
    /// must hold the same digest.
    public static func isSealed(
        _ map: OrderedMap, labels: [String] = ["d"], format: DocumentFormat = .json
    ) -> Bool {
        guard let first = labels.first, case .text(let text)? = map[first], let said = SAID(text) else { return false }
        for label in labels { guard map[label] == .text(text) else { return false } }
        var copy = map
        let dummy = String(repeating: "#", count: text.utf8.count)
        for label in labels { copy[label] = .text(dummy) }
        guard let algorithm = said.primitive.code.digestAlgorithm else { return false }
        guard let bytes = try? OrderedValue.map(copy).encoded(as: format) else { return false }
        return algorithm.matches(said.primitive.span, bytes.span)
    }
}
