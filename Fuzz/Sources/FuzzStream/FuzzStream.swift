// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import FuzzSupport
internal import KelmarkBytes

/// A stream, once as a whole and once in pieces whose size the first byte chooses: both must tell the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzStream(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let choice = input.first else { return }
        let bytes = Array(input.dropFirst())
        let whole = eventsOfWhole(bytes)
        let pieces = eventsOfPieces(bytes, size: Int(choice) + 1)
        property(whole == pieces, "a stream tells the same in pieces")
        for case .message(let frame) in whole {
            property(frame.range.upperBound <= bytes.count, "a frame lies inside its stream")
            property(frame.bodyRange.upperBound == frame.attachmentRange.lowerBound, "attachments follow their body")
        }
    }
}

/// What is compared: messages as they are, faults by kind and place.
enum Seen: Equatable {
    case message(MessageFrame)
    case fault(StreamFault.Kind, at: Int)
}

func note(_ event: StreamEvent, in seen: inout [Seen], of bytes: [UInt8]) -> Bool {
    switch event {
    case .message(let frame): seen.append(.message(frame))
    case .fault(let fault): seen.append(.fault(fault.kind, at: fault.offset))
    case .needMore, .end: return false
    }
    property(seen.count <= bytes.count + 1, "each event takes at least one byte")
    return true
}

func eventsOfWhole(_ bytes: [UInt8]) -> [Seen] {
    var reader = StreamReader()
    var seen: [Seen] = []
    while note(reader.next(in: bytes.span), in: &seen, of: bytes) {}
    return seen
}

func eventsOfPieces(_ bytes: [UInt8], size: Int) -> [Seen] {
    var reader = StreamReader()
    var seen: [Seen] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        let piece = Array(rest.prefix(size))
        reader.append(piece.span)
        rest = rest.dropFirst(size)
        while note(reader.next(), in: &seen, of: bytes) {}
    }
    reader.finish()
    while note(reader.next(), in: &seen, of: bytes) {}
    return seen
}
