// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

/// All events of a complete input; fails when the reader does not come to an end.
func events(of input: [UInt8], mode: StreamReader.Mode = .attachments, limits: Limits = .standard) -> [StreamEvent] {
    var reader = StreamReader(mode: mode, limits: limits)
    var events: [StreamEvent] = []
    while events.count <= input.count + 1 {
        let event = reader.next(in: input.span)
        if event == .end { return events }
        events.append(event)
    }
    Issue.record("the reader does not end")
    return events
}

/// All events of an input that comes in parts of the given sizes (the last one repeats), without `needMore`.
func events(
    of input: [UInt8], inPartsOf sizes: [Int], isFinished: Bool = true, limits: Limits = .standard
) -> (events: [StreamEvent], consumedThrough: Int) {
    var reader = StreamReader(limits: limits)
    var events: [StreamEvent] = []
    var consumedThrough = 0
    var start = 0
    var part = 0
    while true {
        let size = max(1, sizes[min(part, sizes.count - 1)])
        let end = min(input.count, start + size)
        reader.append(input.span.extracting(start..<end))
        if end == input.count, isFinished { reader.finish() }
        var turns = 0
        drain: while true {
            turns += 1
            guard turns <= input.count + 3 else {
                Issue.record("the reader does not end")
                return (events, consumedThrough)
            }
            let event = reader.next()
            switch event {
            case .needMore(let through):
                consumedThrough = through
                break drain
            case .end: return (events, input.count)
            case .fault(let fault):
                consumedThrough = fault.consumedThrough
                events.append(event)
            case .message(let frame):
                consumedThrough = frame.range.upperBound
                #expect(reader.bytes(frame.range) == Array(input[frame.range]))
                events.append(event)
            }
        }
        if end == input.count { return (events, consumedThrough) }
        start = end
        part += 1
    }
}

/// A short text for an event: `icp 0-299 A1` or the fault.
func summary(_ event: StreamEvent) -> String {
    switch event {
    case .message(let frame):
        var parts = ["\(frame.version.format.text) \(frame.bodyRange.lowerBound)+\(frame.bodyRange.count)"]
        for group in frame.attachments.groups { parts.append(group.kind.name) }
        return parts.joined(separator: ", ")
    case .fault(let fault):
        return "\(name(fault.kind)) at \(fault.offset), \(fault.consumedThrough), \(fault.resumesAt)"
    case .needMore(let through): return "needs more behind \(through)"
    case .end: return "end"
    }
}

private func name(_ kind: StreamFault.Kind) -> String {
    "\(kind)".replacing("CESR.CESRError.Kind.", with: "")
}
