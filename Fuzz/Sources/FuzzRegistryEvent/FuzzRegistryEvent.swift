// SPDX-License-Identifier: Apache-2.0

internal import FuzzSupport

/// Key events, registry events and credentials for one receiver. The first byte chooses:
///
/// - 0: a stream, and behind it schemas, divided by lines `%%`;
/// - 1: the same, with a number and so many bytes before it that say in which order the messages come;
/// - 2, 3: what two issuers do, and in which order a receiver hears of it (``Story``).
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRegistryEvent(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let choice = input.first else { return }
        let batch = choice & 4 == 0 ? 1 : 5
        do {
            switch choice & 3 {
            case 0: try hear(input.dropFirst(), in: [], batch: batch)
            case 1:
                let count = Int(input.dropFirst().first ?? 0) & 31
                let order = input.dropFirst(2).prefix(count)
                try hear(input.dropFirst(2 + order.count), in: Array(order), batch: batch)
            default: try compare(Story(Array(input.dropFirst())))
            }
        } catch { property(false, "a store in memory does not fail") }
    }
}

/// A stream of strangers.
private func hear(_ input: ArraySlice<UInt8>, in order: [UInt8], batch: Int) throws {
    var parts = divided(input)
    let stream = parts.isEmpty ? [] : parts.removeFirst()
    let messages = order.isEmpty ? [stream] : reordered(stream, order)
    let receiver = try Receiver(schemas: parts, batch: batch)
    let other = try Receiver(schemas: parts, batch: 6 - batch)
    var isSteady = true
    for message in messages {
        if try !receiver.hear(message) { isSteady = false }
        _ = try other.hear(message)
    }
    try receiver.check()
    let state = try receiver.contents()
    // How much becomes durable at once makes no difference.
    property(try other.contents() == state, "pieces and whole give the same state")
    for message in messages { _ = try receiver.hear(message) }
    try receiver.check()
    // What was dropped may find its place the second time, after a recovery for instance.
    if isSteady { property(try receiver.contents() == state, "a second time changes nothing") }
    try receiver.checkExports(schemas: parts)
}

/// A story in the order in which it happened, and in the order in which a receiver hears of it: in the end both know the
/// same of what is valid and what is revoked.
private func compare(_ story: Story) throws {
    let schemas = [Story.schema.bytes]
    let (first, second) = (try Receiver(schemas: schemas, batch: 1), try Receiver(schemas: schemas, batch: 5))
    for message in story.heard { _ = try second.hear(message) }
    try second.check()
    try first.settle(story.told)
    try second.settle(story.told)
    try first.check()
    try second.check()
    property(try first.revoked() == second.revoked(), "what is revoked does not depend on who heard what when")
    property(try first.valid() == second.valid(), "what is valid does not depend on who heard what when")
    try first.checkExports(schemas: schemas)
}

/// The parts of an input between lines `%%`.
private func divided(_ input: ArraySlice<UInt8>) -> [[UInt8]] {
    let mark = Array("\n%%\n".utf8)
    var parts: [[UInt8]] = []
    var rest = input
    while let range = rest.firstRange(of: mark) {
        parts.append(Array(rest[..<range.lowerBound]))
        rest = rest[range.upperBound...]
    }
    return parts + [Array(rest)]
}
