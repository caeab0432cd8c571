// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KelmarkBytes
internal import SPIFFE

/// The members of one record whose bytes are canonical, complete, in order and true to their SAID.
struct RecordFields {
    /// Most bytes of one record.
    static let largestRecord = 16 << 10

    let bytes: [UInt8]
    let said: Primitive
    private let index: DocumentIndex
    private let labels: [String]

    /// The type of a record without any check of the rest, nil when it has none.
    static func type(of bytes: [UInt8]) -> String? {
        guard bytes.count <= largestRecord, let index = try? DocumentIndex(bytes.span, format: .json),
            let place = index.value(of: "t", inMap: 0, of: bytes.span)
        else { return nil }
        return index.string(of: index.tokens[place], in: bytes.span)
    }

    /// Reads a record whose members are exactly `d`, `t` and `labels`.
    init(_ bytes: [UInt8], type: String, labels others: [String]) throws(RecordError) {
        guard bytes.count <= Self.largestRecord else { throw RecordError(.tooLarge, at: Self.largestRecord) }
        labels = ["d", "t"] + others
        do throws(DocumentError) {
            index = try DocumentIndex(bytes.span, format: .json)
        } catch {
            throw RecordError(.document, at: error.offset, cause: error)
        }
        // Every member of a record is a scalar, so labels and values alternate without gaps.
        guard index.tokens[0].kind == .map, Int(index.tokens[0].count) == labels.count,
            index.tokens.count == 1 + 2 * labels.count
        else { throw RecordError(.members) }
        for (place, label) in labels.enumerated() {
            let token = index.tokens[1 + 2 * place]
            guard index.text(token, equals: label.utf8.span, in: bytes.span) else {
                throw RecordError(.members, label, at: Int(token.start))
            }
        }
        self.bytes = bytes
        guard index.tokens[2].kind == .text, let said = SelfAddressing.verified(at: index.tokens[2].range, of: bytes)
        else { throw RecordError(.said, "d", at: Int(index.tokens[2].start)) }
        self.said = said
        guard try text("t") == type else { throw RecordError(.unknownType, "t", at: Int(index.tokens[4].start)) }
    }

    private func token(_ label: String) throws(RecordError) -> DocumentToken {
        guard let place = labels.firstIndex(of: label) else { throw RecordError(.members, label) }
        return index.tokens[2 + 2 * place]
    }

    /// The error of a member whose value breaks its rules.
    func wrong(_ label: String) -> RecordError {
        RecordError(.value, label, at: (try? token(label)).map { Int($0.start) } ?? 0)
    }

    /// A text of at most `bytes` bytes.
    func text(_ label: String, atMost limit: Int = 4096) throws(RecordError) -> String {
        let token = try token(label)
        guard token.kind == .text, token.byteCount <= limit else { throw wrong(label) }
        return index.string(of: token, in: bytes.span)
    }

    /// An integer that is not negative.
    func number(_ label: String) throws(RecordError) -> UInt64 {
        guard let value = index.unsignedInteger(of: try token(label), in: bytes.span) else { throw wrong(label) }
        return value
    }

    /// An AID.
    func aid(_ label: String) throws(RecordError) -> Primitive {
        guard let aid = try? Primitive(text: try text(label)), aid.code.isPrefix else { throw wrong(label) }
        return aid
    }

    /// A SAID.
    func said(_ label: String) throws(RecordError) -> Primitive {
        guard let said = try? Primitive(text: try text(label)), said.code.isDigest else { throw wrong(label) }
        return said
    }

    /// An AID, or nil for the empty text.
    func optionalAID(_ label: String) throws(RecordError) -> Primitive? {
        try text(label).isEmpty ? nil : try aid(label)
    }

    /// A SAID, or nil for the empty text.
    func optionalSAID(_ label: String) throws(RecordError) -> Primitive? {
        try text(label).isEmpty ? nil : try said(label)
    }

    /// A trust domain's bare name.
    func trustDomain(_ label: String) throws(RecordError) -> TrustDomain {
        let text = try text(label)
        guard let domain = try? TrustDomain(text) else { throw wrong(label) }
        return domain
    }

    /// `YYYY-MM-DDThh:mm:ssZ`.
    func time(_ label: String) throws(RecordError) -> CertificateTime {
        guard let time = CertificateTime(try text(label)) else { throw wrong(label) }
        return time
    }

    /// Bytes in Base64url.
    func base64URL(_ label: String) throws(RecordError) -> [UInt8] {
        let text = try text(label)
        guard let bytes = try? Base64URL.decode(text.utf8.span) else { throw wrong(label) }
        return bytes
    }
}
