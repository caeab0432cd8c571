// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// Cuts a CESR stream into messages: bodies by their version strings, attachments by their counters (facts 2, 20).
///
/// The documents inside the bodies are not read here. One reader reads one stream. Two ways to feed it:
/// - ``next(in:)`` on a complete input, until it answers ``StreamEvent/end``: the end of the input ends the last message.
/// - ``append(_:)``, then ``next()`` until it answers ``StreamEvent/needMore(consumedThrough:)``, and so on;
///   ``finish()`` when the input has ended. A message without a `-V` wrapper is reported when the first byte behind it
///   has come, because more groups could follow.
///
/// A fault is reported and costs at most the message it lies in; the reader finds the next message by itself.
public struct StreamReader: Sendable {
    /// How far attachments are read.
    public enum Mode: Hashable, Sendable {
        /// Attachments are read, checked, and part of the frame.
        case attachments
        /// Attachments are only passed over by the sizes that their codes tell, wrapped groups as a whole.
        case structure
    }

    /// The body whose attachments are being awaited.
    public private(set) var pendingBody: BodyFrame?

    private let limits: Limits
    private let mode: Mode
    private var attachments: AttachmentReader
    private var skipper: AttachmentReader
    private var isSkipping = false
    private var isResynchronising = false
    /// Offset of the first byte that has not been taken in.
    private var position = 0
    /// At least so many bytes must follow `position` before it is worth looking again.
    private var wanted = 0
    private var buffer = StreamBuffer()

    /// A reader at the start of a stream.
    public init(mode: Mode = .attachments, limits: Limits = .standard) {
        self.limits = limits
        self.mode = mode
        self.attachments = AttachmentReader(structureOnly: mode == .structure, limits: limits)
        self.skipper = AttachmentReader(structureOnly: true, limits: limits)
    }

    // MARK: Complete input

    /// The next thing in `input`, which is the whole stream, the same in each call. Offsets count from its start.
    public mutating func next(in input: Span<UInt8>) -> StreamEvent {
        advance(input, base: 0, isFinal: true)
    }

    // MARK: Incremental input

    /// Takes over the next part of the stream.
    public mutating func append(_ chunk: Span<UInt8>) { buffer.append(chunk) }

    /// Says that no more will come.
    public mutating func finish() { buffer.isFinal = true }

    /// The next thing in what has been appended so far. Offsets count from the start of the stream.
    public mutating func next() -> StreamEvent {
        buffer.release(before: pendingBody?.range.lowerBound ?? position)
        let held = buffer
        let event = advance(held.bytes, base: held.start, isFinal: held.isFinal)
        if case .needMore = event, buffer.count > limits.bufferedBytes { return overflow() }
        return event
    }

    /// The bytes of `range` of the stream, as far as they are still held: those of the message that was just reported.
    public func bytes(_ range: Range<Int>) -> [UInt8]? { buffer.copy(range) }

    /// Says that the body of ``pendingBody`` is not valid: its attachments are passed over group by group and the message
    /// is not reported.
    public mutating func skipAttachments() {
        guard let pendingBody, !isSkipping else { return }
        isSkipping = true
        // Groups that have been read in part are passed over from their start again.
        position = pendingBody.range.upperBound
        wanted = 0
        skipper.begin(at: position, table: pendingBody.version.table)
    }

    // MARK: Reading

    private mutating func advance(_ input: Span<UInt8>, base: Int, isFinal: Bool) -> StreamEvent {
        while true {
            let available = base + input.count - position
            if available < wanted, !isFinal { return .needMore(consumedThrough: position) }
            var cursor = ByteCursor(input.extracting(droppingFirst: position - base), base: position)
            if isResynchronising {
                guard resynchronise(&cursor, isFinal: isFinal) else {
                    position = cursor.offset
                    return isFinal ? .end : .needMore(consumedThrough: position)
                }
                position = cursor.offset
            }
            if let body = pendingBody {
                if let event = readAttachments(body, &cursor, isFinal: isFinal) { return event }
            } else {
                guard !cursor.isAtEnd else { return isFinal ? .end : .needMore(consumedThrough: position) }
                if let event = readBody(&cursor, isFinal: isFinal) { return event }
            }
        }
    }

    /// Reads a body; nil means that it is there and pending.
    @_lifetime(cursor: copy cursor)
    private mutating func readBody(_ cursor: inout ByteCursor, isFinal: Bool) -> StreamEvent? {
        let bytes = cursor.bytes.extracting(last: cursor.remaining)
        switch BodyHead.find(bytes) {
        case .found(let version, let size):
            guard size <= limits.bodyBytes else { return fault(.bodyTooLarge, at: position, &cursor, isFinal: isFinal) }
            guard size <= bytes.count else {
                if isFinal { return fault(.truncated, at: position, &cursor, isFinal: isFinal) }
                wanted = size
                return .needMore(consumedThrough: position)
            }
            let range = position..<(position + size)
            pendingBody = BodyFrame(range: range, version: version)
            position = range.upperBound
            wanted = 0
            attachments.begin(at: position, table: version.table)
            return nil
        case .genus(let length):
            position += length
            wanted = 0
            return nil
        case .tooShort:
            if isFinal { return fault(.truncated, at: position, &cursor, isFinal: isFinal) }
            wanted = bytes.count + 1
            return .needMore(consumedThrough: position)
        case .noBody: return fault(.coldStart, at: position, &cursor, isFinal: isFinal)
        case .invalid: return fault(.invalidVersion, at: position, &cursor, isFinal: isFinal)
        case .unsupported(let size):
            // The size can be believed when all of it is there: what follows is more likely a start than what is inside.
            // So what is said must not depend on how the input was cut.
            if size > bytes.count, size <= limits.bodyBytes, !isFinal {
                wanted = size
                return .needMore(consumedThrough: position)
            }
            let passed = size <= bytes.count ? size : 1
            return fault(.unsupportedVersion, at: position, &cursor, passing: passed, isFinal: isFinal)
        }
    }

    /// Reads the attachments of `body`; nil means that its message was passed over.
    @_lifetime(cursor: copy cursor)
    private mutating func readAttachments(
        _ body: BodyFrame, _ cursor: inout ByteCursor, isFinal: Bool
    ) -> StreamEvent? {
        do {
            let progress = isSkipping ? try skipper.read(&cursor) : try attachments.read(&cursor)
            position = cursor.offset
            switch progress {
            case .atBoundary where !isFinal:
                wanted = 1
                return .needMore(consumedThrough: position)
            case .complete, .atBoundary: return complete(body)
            case .needMore(let missing):
                if isFinal { return fault(.truncated, at: cursor.offset + cursor.remaining, &cursor, isFinal: true) }
                wanted = cursor.remaining + missing
                return .needMore(consumedThrough: position)
            }
        } catch {
            guard let groupEnd = error.groupEnd else {
                position = cursor.offset
                return fault(.attachment(error.error.kind), at: error.error.offset, &cursor, isFinal: isFinal)
            }
            position = groupEnd
            drop()
            return .fault(
                StreamFault(
                    .attachment(error.error.kind), offset: error.error.offset, consumedThrough: groupEnd,
                    resumesAt: groupEnd, body: body))
        }
    }

    private mutating func complete(_ body: BodyFrame) -> StreamEvent? {
        let range = body.range.upperBound..<position
        let wasSkipping = isSkipping
        drop()
        guard !wasSkipping else { return nil }
        return .message(
            MessageFrame(body: body, attachmentRange: range, attachments: attachments.take()))
    }

    /// Forgets the pending body.
    private mutating func drop() {
        pendingBody = nil
        isSkipping = false
        wanted = 0
    }

    // MARK: Faults

    /// Reports a fault at `offset` and moves to the next plausible start of a body, beyond the `passed` bytes at the cursor
    /// when no body is pending.
    @_lifetime(cursor: copy cursor)
    private mutating func fault(
        _ kind: StreamFault.Kind, at offset: Int, _ cursor: inout ByteCursor, passing passed: Int = 1, isFinal: Bool
    ) -> StreamEvent {
        let body = pendingBody
        let consumedThrough = position
        drop()
        // The byte at fault itself is no start; behind an attachment at fault any byte may be.
        if body == nil { _ = moved(&cursor, by: passed) }
        isResynchronising = true
        _ = resynchronise(&cursor, isFinal: isFinal)
        position = cursor.offset
        return .fault(
            StreamFault(
                kind, offset: offset, consumedThrough: consumedThrough, resumesAt: position, body: body))
    }

    /// Moves the cursor to the next plausible start of a body and answers true; or, when there is none, to where one
    /// could still begin once more input has come.
    @_lifetime(cursor: copy cursor)
    private mutating func resynchronise(_ cursor: inout ByteCursor, isFinal: Bool) -> Bool {
        let bytes = cursor.bytes.extracting(last: cursor.remaining)
        var index = 0
        while index < bytes.count {
            if ColdStart(bytes[index]).bodyFormat != nil {
                switch BodyHead.exact(bytes.extracting(droppingFirst: index)) {
                case .found, .unsupported:
                    isResynchronising = false
                    wanted = 0
                    return moved(&cursor, by: index)
                case .tooShort where !isFinal:
                    wanted = bytes.count - index + 1
                    _ = moved(&cursor, by: index)
                    return false
                default: break
                }
            }
            index += 1
        }
        wanted = 1
        _ = moved(&cursor, by: bytes.count)
        return false
    }

    @_lifetime(cursor: copy cursor)
    private mutating func moved(_ cursor: inout ByteCursor, by count: Int) -> Bool {
        do { try cursor.skip(count) } catch { return false }
        return true
    }

    private mutating func overflow() -> StreamEvent {
        let consumedThrough = position
        let body = pendingBody
        drop()
        position = buffer.start + buffer.count
        isResynchronising = true
        return .fault(
            StreamFault(
                .bufferFull, offset: consumedThrough, consumedThrough: consumedThrough, resumesAt: position, body: body)
        )
    }
}
