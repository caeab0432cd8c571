// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
public import KelmarkBytes

/// A message inside an exchange message: its body as its own version string says, and what is attached to it (facts
/// 11.1).
public struct EmbeddedPart: Hashable, Sendable {
    /// The body.
    public let body: [UInt8]
    /// The groups that belong to it, as they came.
    public let attachments: [UInt8]
    /// How the body is serialised.
    public let format: DocumentFormat

    /// Cuts one complete message in two.
    /// - Throws: ``ExchangeRefusal`` `badEmbed` unless it is exactly one message.
    public init(message: [UInt8]) throws(ExchangeRefusal) {
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: message.span), frame.range == message.indices,
            let format = DocumentFormat(of: frame.version)
        else { throw .badEmbed }
        body = Array(message[frame.bodyRange])
        attachments = Array(message[frame.bodyRange.upperBound...])
        self.format = format
    }

    /// Body and groups: a message as it travels alone.
    public var message: [UInt8] { body + attachments }

    /// Reads the embed `label` of an exchange message.
    ///
    /// The body is serialised again as its version string says, which gives the original bytes of everything that an
    /// implementation of KERI accepts; a size that differs shows that it does not.
    init(_ label: String, of exchange: Exchange, _ attached: Attachments) throws(ExchangeRefusal) {
        guard let map = exchange.embeds[label]?.mapValue, let text = map["v"]?.textValue,
            let version = try? VersionString(text: text), let format = DocumentFormat(of: version),
            let bytes = try? OrderedValue.map(map).encoded(as: format), version.size == bytes.count
        else { throw .badEmbed }
        // What can't be framed alone can't be handed on to the processors either.
        try self.init(message: bytes + Self.groups(below: label, in: attached))
        guard body.count == bytes.count else { throw .badEmbed }
    }

    /// The groups under the path of an embed. A path that is none is nobody's.
    private static func groups(below label: String, in attached: Attachments) throws(ExchangeRefusal) -> [UInt8] {
        var found: [UInt8]?
        for group in attached.pathedGroups {
            var cursor = ByteCursor(group.content.span)
            guard let primitive = try? Primitive(from: &cursor, domain: group.domain),
                let path = try? FieldPath(primitive), path.components == ["e", label]
            else { continue }
            guard found == nil, group.domain == .text else { throw .badEmbed }
            found = Array(group.content.dropFirst(cursor.offset))
        }
        return found ?? []
    }

    /// The group that carries the attachments under the path of `label`; nil when there are none.
    func group(for label: String) throws(CESRError) -> PathedGroup? {
        guard !attachments.isEmpty else { return nil }
        return PathedGroup(
            domain: .text, content: try FieldPath(["e", label]).primitive.encoded(in: .text) + attachments)
    }

    /// The body as a member of the embeds.
    func value() throws(ExchangeRefusal) -> OrderedValue {
        guard let value = try? OrderedValue(parsing: body.span, format: format), value.mapValue != nil else {
            throw .badEmbed
        }
        return value
    }
}

extension DocumentFormat {
    /// The format of a body, nil for a native one.
    init?(of version: VersionString) {
        switch version.format {
        case .json: self = .json
        case .cbor: self = .cbor
        case .messagePack: self = .messagePack
        case .native: return nil
        }
    }
}
