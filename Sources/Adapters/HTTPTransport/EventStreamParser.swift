// SPDX-License-Identifier: Apache-2.0

public import KERINetwork

/// Reads a `text/event-stream` chunk by chunk (WHATWG HTML, section 9.2.6): lines end in LF, CR or CRLF, a blank line ends
/// an event, unknown fields and comments are skipped. Lines and events are bounded.
public struct EventStreamParser: Sendable {
    private let limits: ClientLimits
    private var line: [UInt8] = []
    private var lastWasReturn = false
    private var isFirstLine = true
    private var event = ServerSentEvent()
    private var data: [String] = []
    private var dataBytes = 0

    /// Starts a stream.
    public init(limits: ClientLimits = ClientLimits()) { self.limits = limits }

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
                guard line.count < limits.eventLineBytes else {
                    throw TransportError(
                        .tooLarge, "a line of the event stream has more than \(limits.eventLineBytes) bytes")
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
            dataBytes += value.count + 1
            guard dataBytes <= limits.eventBytes else {
                throw TransportError(.tooLarge, "an event has more than \(limits.eventBytes) bytes")
            }
            data.append(String(decoding: value, as: UTF8.self))
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
            data = []
            dataBytes = 0
        }
        if !data.isEmpty { event.data = data.joined(separator: "\n") }
        return event == ServerSentEvent() ? nil : event
    }
}
