// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KelmarkBytes
private import KelmarkCrypto

/// Turns framed bodies into typed messages: members, order, canonical form, digests and prefix rules are checked here,
/// once, on the bytes as received. Keep one parser and parse many messages with it: its working space is reused.
public struct MessageParser: Sendable {
    /// Bounds for bodies.
    public let limits: Limits
    var index = DocumentIndex()
    /// Tokens of the member values, in order of the members.
    var values: [Int] = []
    /// The body with its digests replaced, while it is hashed.
    private var dummied: [UInt8] = []

    /// Starts a parser.
    public init(limits: Limits = .standard) { self.limits = limits }

    /// Types one body.
    ///
    /// - Parameters:
    ///   - bytes: the whole body and nothing else.
    ///   - version: what its version string said when it was framed.
    /// - Throws: ``MessageError``.
    public mutating func parse(_ bytes: Span<UInt8>, version: VersionString) throws(MessageError) -> Message {
        guard version.isKERI10, let format = version.documentFormat else { throw MessageError(.unsupportedVersion) }
        return try parse(bytes, format: format)
    }

    /// Types one body that is known to claim KERI 1.0 in `format`; its version string is checked against its size.
    package mutating func parse(_ bytes: Span<UInt8>, format: DocumentFormat) throws(MessageError) -> Message {
        do throws(DocumentError) {
            try index.scan(bytes, format: format, limits: limits)
        } catch {
            let isWhole = Self.holdsWholeDocument(bytes, format: format, error: error, limits: limits)
            throw MessageError(.document(error), at: error.offset, cutsDocument: !isWhole)
        }
        let kind = try kind(in: bytes)
        try collectMembers(of: kind, in: bytes)
        try checkDigests(of: kind, in: bytes)
        if kind.keyEvent?.isInception == true { try checkPrefixForm(in: bytes) }
        return try message(of: kind, in: bytes)
    }

    /// Whether the bytes are a document at all, only not in the canonical form. Asked after a failure, to tell a size
    /// that cuts its own body short from a body that is merely spelt wrong.
    private static func holdsWholeDocument(
        _ bytes: Span<UInt8>, format: DocumentFormat, error: DocumentError, limits: Limits
    ) -> Bool {
        guard format == .json else { return error.code != .truncated && error.code != .trailingBytes }
        if error.code == .duplicateLabel { return true }
        return (try? OrderedValue(parsingJSON: bytes, strictness: .interoperable, limits: limits)) != nil
    }

    /// Checks that the body is a map whose first members are `v` and `t`, and names its kind.
    private func kind(in bytes: Span<UInt8>) throws(MessageError) -> MessageKind {
        guard let root = index.tokens.first, root.kind == .map, root.count >= 2,
            index.text(index.tokens[1], equals: "v", in: bytes), index.tokens[2].kind == .text
        else { throw MessageError(.notAMessage) }
        guard index.text(index.tokens[3], equals: "t", in: bytes) else { throw MessageError(.wrongMembers) }
        let token = index.tokens[4]
        guard token.kind == .text, token.byteCount == 3 else {
            throw MessageError(.unknownKind, at: Int(token.start))
        }
        let start = Int(token.start)
        let packed = UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2])
        guard let kind = MessageKind(packed: packed) else { throw MessageError(.unknownKind, at: start) }
        return kind
    }

    private mutating func collectMembers(of kind: MessageKind, in bytes: Span<UInt8>) throws(MessageError) {
        var members = kind.members
        let count = Int(index.tokens[0].count)
        if kind == .exchange, count == MessageKind.exchangeWithoutRecipient.count {
            members = MessageKind.exchangeWithoutRecipient
        }
        values.removeAll(keepingCapacity: true)
        var position = 1
        for place in 0..<count {
            let label = index.tokens[position]
            guard place < members.count, index.text(label, equals: members[place], in: bytes) else {
                throw MessageError(.wrongMembers, at: Int(label.start))
            }
            values.append(position + 1)
            position = Int(index.tokens[position + 1].next)
        }
        guard values.count == members.count else { throw MessageError(.wrongMembers, at: bytes.count) }
    }

    // MARK: Digests

    private mutating func checkDigests(of kind: MessageKind, in bytes: Span<UInt8>) throws(MessageError) {
        guard kind.selfAddressing != .none else { return }
        let own = index.tokens[values[2]]
        let said = try said(own, in: bytes)
        var ranges = [own.range]
        switch kind.selfAddressing {
        case .none, .digest: break
        case .identifier:
            ranges.append(try sameDigest(said, at: index.tokens[values[3]], in: bytes))
        case .identifierWhenDigest:
            let identifier = index.tokens[values[3]]
            guard identifier.kind == .text, let aid = AID(text: bytes.extracting(identifier.range)) else {
                throw MessageError(.prefixRule, at: Int(identifier.start))
            }
            if aid.primitive.code.isDigest { ranges.append(try sameDigest(said, at: identifier, in: bytes)) }
        }
        guard hash(bytes, dummying: ranges, isNamed: said) else {
            throw MessageError(.forgedSAID, at: Int(own.start))
        }
    }

    private func said(_ token: DocumentToken, in bytes: Span<UInt8>) throws(MessageError) -> SAID {
        guard token.kind == .text, !token.hasEscapes, let said = SAID(text: bytes.extracting(token.range)) else {
            throw MessageError(.forgedSAID, at: Int(token.start))
        }
        return said
    }

    /// Prefixes of KERI 1.0 are BLAKE3-256 and equal to the digest of the inception.
    private func sameDigest(
        _ said: SAID, at token: DocumentToken, in bytes: Span<UInt8>
    ) throws(MessageError) -> Range<Int> {
        guard try self.said(token, in: bytes) == said, said.primitive.code == .blake3_256 else {
            throw MessageError(.prefixRule, at: Int(token.start))
        }
        return token.range
    }

    private mutating func hash(_ bytes: Span<UInt8>, dummying ranges: [Range<Int>], isNamed said: SAID) -> Bool {
        guard let algorithm = said.primitive.code.digestAlgorithm else { return false }
        dummied.removeAll(keepingCapacity: true)
        dummied.append(copying: bytes)
        for range in ranges {
            for position in range { dummied[position] = UInt8(ascii: "#") }
        }
        return algorithm.matches(said.primitive.span, dummied.span)
    }

    // MARK: Prefixes

    /// The rules that tie a basic prefix to the body (facts 7.1): a prefix that can't rotate has no next keys, no
    /// witnesses and no seals.
    private func checkPrefixForm(in bytes: Span<UInt8>) throws(MessageError) {
        let identifier = index.tokens[values[3]]
        guard let aid = AID(text: bytes.extracting(identifier.range)), aid.primitive.code.isDerivablePrefix else {
            throw MessageError(.prefixRule, at: Int(identifier.start))
        }
        guard aid.isNonTransferable else { return }
        for member in [8, 10, 12] {
            let token = index.tokens[values[member]]
            guard token.kind == .list, token.count == 0 else {
                throw MessageError(.prefixRule, at: Int(token.start))
            }
        }
    }
}

extension MessageKind {
    /// The kind whose three letters are packed into a number, first letter highest.
    init?(packed: UInt32) {
        // A switch over constants, for this runs with every message.
        switch packed {
        case 0x696370: self = .inception
        case 0x726f74: self = .rotation
        case 0x69786e: self = .interaction
        case 0x646970: self = .delegatedInception
        case 0x647274: self = .delegatedRotation
        case 0x726374: self = .receipt
        case 0x717279: self = .query
        case 0x727079: self = .reply
        case 0x70726f: self = .prod
        case 0x626172: self = .bare
        case 0x65786e: self = .exchange
        case 0x766370: self = .registryInception
        case 0x767274: self = .registryRotation
        case 0x697373: self = .issuance
        case 0x726576: self = .revocation
        case 0x626973: self = .backedIssuance
        case 0x627276: self = .backedRevocation
        default: return nil
        }
    }
}

extension [UInt8] {
    /// Appends a copy of `bytes` in one move.
    mutating func append(copying bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
    }

    /// A copy of `bytes`.
    package init(copying bytes: Span<UInt8>) {
        self = bytes.withUnsafeBufferPointer { Array($0) }
    }
}
