// SPDX-License-Identifier: Apache-2.0

/// The body of a message: where it lies and what its version string tells. The document in it has not been read.
public struct BodyFrame: Hashable, Sendable {
    /// Where the body lies, counted from the start of the stream.
    public let range: Range<Int>
    /// Its version string; for a native body the version that its first field states.
    public let version: VersionString

    /// Puts the parts together.
    public init(range: Range<Int>, version: VersionString) {
        self.range = range
        self.version = version
    }
}

/// One whole message: a body and what is attached to it.
public struct MessageFrame: Hashable, Sendable {
    /// The body.
    public let body: BodyFrame
    /// Where the attachments lie, counted from the start of the stream; empty behind the body when there are none.
    public let attachmentRange: Range<Int>
    /// The attachments; empty in ``StreamReader/Mode/structure`` mode.
    public let attachments: Attachments

    /// Where the body lies, counted from the start of the stream.
    public var bodyRange: Range<Int> { body.range }
    /// The body's version string.
    public var version: VersionString { body.version }
    /// Where the whole message lies.
    public var range: Range<Int> { body.range.lowerBound..<attachmentRange.upperBound }

    init(body: BodyFrame, attachmentRange: Range<Int>, attachments: Attachments) {
        self.body = body
        self.attachmentRange = attachmentRange
        self.attachments = attachments
    }
}

/// What a stream reader found next.
public enum StreamEvent: Hashable, Sendable {
    /// A whole message.
    case message(MessageFrame)
    /// More input is needed. Everything before `consumedThrough` has been taken in: bodies, counters, and every complete
    /// element of an open group.
    case needMore(consumedThrough: Int)
    /// Something that is not a message; the reader goes on behind it.
    case fault(StreamFault)
    /// The input has ended and everything has been reported.
    case end
}

/// A place in a stream where the rules are broken, and how the reader goes on.
public struct StreamFault: Error, Hashable, Sendable {
    /// The rule that was broken.
    public enum Kind: Hashable, Sendable {
        /// Where a message should start, there is none: a counter, white space, or any other byte.
        case coldStart
        /// A body start without a version string at its place, or with one that names an unknown protocol or format, a
        /// format other than the body's own, or a size that cannot hold it.
        case invalidVersion
        /// A version of the protocol that this reader does not know.
        case unsupportedVersion
        /// The body is larger than the limit.
        case bodyTooLarge
        /// An attachment is at fault. The message is dropped.
        case attachment(CESRError.Kind)
        /// The input ended inside a message.
        case truncated
        /// A waiting message would need a larger buffer than the limit. It is dropped.
        case bufferFull
    }

    /// The rule that was broken.
    public let kind: Kind
    /// Where, counted from the start of the stream.
    public let offset: Int
    /// Everything before this had been taken in when the fault was met (as in ``StreamEvent/needMore(consumedThrough:)``);
    /// a wrapped group (`-V`) at fault counts as taken in whole.
    public let consumedThrough: Int
    /// Where reading goes on: behind a wrapped group at fault, else at the next plausible start of a body.
    public let resumesAt: Int
    /// The body that is dropped with its attachments, if one had been read.
    public let body: BodyFrame?

    init(_ kind: Kind, offset: Int, consumedThrough: Int, resumesAt: Int, body: BodyFrame?) {
        self.kind = kind
        self.offset = offset
        self.consumedThrough = consumedThrough
        self.resumesAt = resumesAt
        self.body = body
    }
}
