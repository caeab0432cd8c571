// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// One part of a stream as ``AnnotatedStream`` explains it: where it lies, what it is, what it consists of.
public struct AnnotatedNode: Hashable, Sendable {
    /// What a part of a stream is.
    public enum Content: Hashable, Sendable {
        /// A body with its attachments.
        case message
        /// A body and the document in it; nil when the document cannot be read or the body is native.
        case body(VersionString, OrderedValue?)
        /// A group, or a genus and version counter; the parts are its content.
        case group(Counter)
        /// A primitive.
        case primitive(Primitive)
        /// An indexed signature.
        case signature(IndexedSignature)
        /// Bytes that no rule explains; at most the first 48 of them.
        case opaque([UInt8])
        /// A broken rule, in words.
        case fault(String)
    }

    /// What the part is.
    public var content: Content
    /// Which role it has in what surrounds it, such as `sequence number`; empty when its kind says all.
    public var role: String
    /// Where it lies, counted from the start of the stream.
    public var range: Range<Int>
    /// How it is spelled; nil for messages, documents, faults and bytes.
    public var domain: Domain?
    /// What it consists of.
    public var parts: [AnnotatedNode]

    init(
        _ content: Content, role: String = "", range: Range<Int>, domain: Domain? = nil, parts: [AnnotatedNode] = []
    ) {
        self.content = content
        self.role = role
        self.range = range
        self.domain = domain
        self.parts = parts
    }

    /// Bytes of the stream that no rule explains.
    static func opaque(_ bytes: Span<UInt8>, from offset: Int) -> AnnotatedNode {
        let shown = bytes.extracting(first: 48)
        var preview: [UInt8] = []
        for index in shown.indices { preview.append(shown[index]) }
        return AnnotatedNode(.opaque(preview), range: offset..<(offset + bytes.count))
    }

    /// Whether the part or anything in it breaks a rule.
    public var hasFault: Bool {
        if case .fault = content { return true }
        return parts.contains(where: \.hasFault)
    }
}
