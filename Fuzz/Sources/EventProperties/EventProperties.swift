// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import FuzzSupport
internal import KERI
public import KelmarkBytes

/// A document in one format: read as such, as a message, and once more with digests and size put right, so that what
/// lies behind these checks is reached too.
public func fuzzEvent(_ start: UnsafePointer<UInt8>?, _ count: Int, _ format: DocumentFormat) -> CInt {
    withInput(start, count) { input in
        guard let value = try? OrderedValue(parsing: input.span, format: format, limits: .standard) else {
            readMessage(input)
            return
        }
        guard let encoded = try? value.encoded(as: format) else {
            property(false, "what was read can be written")
            return
        }
        property(encoded == input, "a canonical document encodes to what it was read from")
        readMessage(input)
        if let mended = mended(value, format) { readMessage(mended) }
    }
}

/// The document with right digests and a right version string.
private func mended(_ value: OrderedValue, _ format: DocumentFormat) -> [UInt8]? {
    guard case .map(var map) = value, map["v"] != nil, case .text(let kind)? = map["t"] else { return nil }
    let name =
        switch format {
        case .json: "JSON"
        case .cbor: "CBOR"
        case .messagePack: "MGPK"
        }
    map["v"] = .text("KERI10\(name)000000_")
    var labels = ["d"]
    if case .text(let prefix)? = map["i"], prefix.hasPrefix("E"), ["icp", "dip", "vcp"].contains(kind) {
        labels.append("i")
    }
    return try? SelfAddressing.seal(&map, labels: labels, format: format, version: true)
}

private func readMessage(_ bytes: [UInt8]) {
    var reader = StreamReader()
    guard case .message(let frame) = reader.next(in: bytes.span) else { return }
    var parser = MessageParser()
    let body = Array(bytes[frame.bodyRange])
    guard let message = try? parser.parse(body.span, version: frame.version) else { return }
    if case .keyEvent(let event) = message {
        property(event.bytes == body, "an event keeps the bytes that it was read from")
    }
    let processor = EventProcessor(store: MemoryKeyEventStore())
    let outcome = try? processor.process(message, with: frame.attachments, now: Timestamp(seconds: 1_700_000_000))
    property(outcome != nil, "a store in memory does not fail")
    property(outcome?.isInLog != true, "nothing unsigned is accepted")
}
