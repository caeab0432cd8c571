// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

/// A message inside an exchange message, with the attachments that belong to it (facts 11.1).
///
/// The body is serialised again as its own version string says, which gives the original bytes of everything that any
/// KERI implementation accepts, and then goes through the same reader and parser as a message on the wire.
struct EmbeddedMessage {
    let message: Message
    let attachments: Attachments

    /// Reads the embed `label` of a message that came with `attachments`.
    /// - Throws: ``GroupError`` `forgedEvent`, `malformed`.
    init(_ body: OrderedMap, label: String, _ attachments: Attachments) throws(GroupError) {
        guard let text = body["v"]?.textValue, let version = try? VersionString(text: text),
            let format = Self.documentFormat(version.format),
            var bytes = try? OrderedValue.map(body).encoded(as: format)
        else { throw GroupError(.forgedEvent, "the embed \(label) has no version that is read here") }
        bytes += try Self.groups(for: label, in: attachments)
        var reader = StreamReader()
        var parser = MessageParser()
        guard case .message(let frame) = reader.next(in: bytes.span), frame.range == 0..<bytes.count,
            let message = try? parser.parse(bytes.span.extracting(frame.bodyRange), version: frame.version)
        else { throw GroupError(.forgedEvent, "the embed \(label) is no message, or not what its digest says") }
        self.message = message
        self.attachments = frame.attachments
    }

    private static func documentFormat(_ format: BodyFormat) -> DocumentFormat? {
        switch format {
        case .json: .json
        case .cbor: .cbor
        case .messagePack: .messagePack
        case .native: nil
        }
    }

    /// The groups under the path of an embed, as they were written. A path that is none is nobody's.
    private static func groups(for label: String, in attachments: Attachments) throws(GroupError) -> [UInt8] {
        var found: [UInt8] = []
        for group in attachments.pathedGroups {
            var cursor = ByteCursor(group.content.span)
            guard let primitive = try? Primitive(from: &cursor, domain: group.domain),
                let path = try? FieldPath(primitive), path.components == ["e", label]
            else { continue }
            guard found.isEmpty else { throw GroupError(.malformed, "two groups are attached to the embed \(label)") }
            found = Array(group.content.dropFirst(cursor.offset))
        }
        return found
    }
}
