// SPDX-License-Identifier: Apache-2.0

/// Every bound that a parser of foreign bytes obeys, in one place.
///
/// All sizes are bytes unless the name says otherwise. The defaults fit what KERI peers really send; a service that
/// faces strangers lowers them, an offline tool may raise them.
public struct Limits: Hashable, Sendable {
    /// Largest message body (JSON, CBOR or MessagePack) that is read. A version 1 size field could claim 16 MiB.
    public var bodyBytes: Int
    /// Largest attachment group, or sum of the groups behind one body.
    public var attachmentBytes: Int
    /// Deepest nesting of lists and maps inside a body.
    public var nestingDepth: Int
    /// Most values (members, elements, scalars) inside one body.
    public var documentValues: Int
    /// Most elements that one counted group may announce.
    public var groupElements: Int
    /// Deepest nesting of groups inside groups.
    public var groupDepth: Int
    /// Most bytes that an incremental reader keeps while it waits for the rest of a message.
    public var bufferedBytes: Int

    /// Creates a set of bounds; every argument has the default named in the property's comment.
    public init(
        bodyBytes: Int = 4 << 20, attachmentBytes: Int = 4 << 20, nestingDepth: Int = 64,
        documentValues: Int = 1 << 18, groupElements: Int = 4096, groupDepth: Int = 8, bufferedBytes: Int = 16 << 20
    ) {
        self.bodyBytes = bodyBytes
        self.attachmentBytes = attachmentBytes
        self.nestingDepth = nestingDepth
        self.documentValues = documentValues
        self.groupElements = groupElements
        self.groupDepth = groupDepth
        self.bufferedBytes = bufferedBytes
    }

    /// The defaults.
    public static let standard = Limits()
}
