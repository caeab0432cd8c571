// SPDX-License-Identifier: Apache-2.0

/// Reads a `text/event-stream` chunk by chunk (WHATWG HTML, section 9.2.6): lines end in LF, CR or CRLF, a blank line ends
/// an event, unknown fields and comments are skipped. Lines and events are bounded.
public struct EventStreamParser: Sendable {
    private let mostLineBytes: Int
    private let mostEventBytes: Int
    private var line: [UInt8] = []
    private var lastWasReturn = false
    private var isFirstLine = true
    private var event = ServerSentEvent()
    /// The lines of the data so far, each with a line feed behind it; nil when there is none.
    private var data: [UInt8]?

    /// Starts a stream.
    /// - Parameters:
    ///   - lineBytes: most bytes of a line.
    ///   - eventBytes: most bytes of an event's data.
    public init(lineBytes: Int = 4 << 20, eventBytes: Int = 4 << 20) {
        mostLineBytes = lineBytes
        mostEventBytes = eventBytes
    }

    /// The events that are complete with these bytes.
    /// - Throws: ``TransportError`` `tooLarge` for a line or an event beyond the limits.
    public mutating func parse(_ chunk: some Sequence<UInt8>) throws(TransportError) -> [ServerSentEvent] {
        var found: [ServerSentEvent] = []
        for byte in chunk {
            if byte == 0x0A, lastWasReturn {
                lastWasReturn = false
                continue
            }
            lastWasReturn = byte == 0x0D
            guard byte == 0x0A || byte == 0x0D else {
                guard line.count < mostLineBytes else {
                    throw TransportError(.tooLarge, "a line of the event stream has more than \(mostLineBytes) bytes")
                }
                line.append(byte)
                continue
            }
            if let complete = try endLine() { found.append(complete) }
        }
        return found
    }

    private mutating func endLine() throws(TransportError) -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return dispatch() }
        guard line[0] != UInt8(ascii: ":") else { return nil }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        let name = String(decoding: line[..<colon], as: UTF8.self)
        var value = colon == line.endIndex ? [] : line[(colon + 1)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch name {
        case "data":
            guard (data?.count ?? 0) + value.count < mostEventBytes else {
                throw TransportError(.tooLarge, "an event has more than \(mostEventBytes) bytes")
            }
            data = data ?? []
            data?.append(contentsOf: value)
            data?.append(0x0A)
        case "event": event.name = String(decoding: value, as: UTF8.self)
        case "id" where !value.contains(0): event.id = String(decoding: value, as: UTF8.self)
        case "retry" where !value.isEmpty && value.count < 10 && value.allSatisfy({ (0x30...0x39).contains($0) }):
            event.retry = Int(String(decoding: value, as: UTF8.self))
        default: break
        }
        return nil
    }

    /// The event that a blank line ends; nil when nothing was said.
    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            event = ServerSentEvent()
            data = nil
        }
        if let data { event.data = String(decoding: data.dropLast(), as: UTF8.self) }
        return event == ServerSentEvent() ? nil : event
    }
}

extension ServerSentEvent {
    /// The lines of the event with the blank line behind them; an end of line in the data, of
    /// whichever kind, begins another data line.
    public var wireText: String {
        var text = ""
        // An id with a null character would be none.
        if let id { text += "id: \(Self.oneLine(id, without: "\0"))\n" }
        if let name { text += "event: \(Self.oneLine(name))\n" }
        if let retry { text += "retry: \(retry)\n" }
        if let data {
            // Scalar by scalar: as a character, CR LF is neither of the two.
            text += "data: "
            var lastWasReturn = false
            for scalar in data.unicodeScalars {
                switch scalar {
                case "\n" where lastWasReturn: break
                case "\n", "\r": text += "\ndata: "
                default: text.unicodeScalars.append(scalar)
                }
                lastWasReturn = scalar == "\r"
            }
            text += "\n"
        }
        return text + "\n"
    }

    private static func oneLine(_ text: String, without other: Unicode.Scalar = "\n") -> String {
        String(text.unicodeScalars.filter { $0 != "\n" && $0 != "\r" && $0 != other })
    }
}
