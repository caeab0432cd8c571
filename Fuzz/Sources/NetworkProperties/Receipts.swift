// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import FuzzSupport
public import KERI

/// Every receipt in what a witness sends is for an event that stands in its log.
public func checkReceipts(in bytes: [UInt8], against store: MemoryKeyEventStore) {
    var reader = StreamReader()
    var parser = MessageParser()
    while case .message(let frame) = reader.next(in: bytes.span) {
        let body = Array(bytes[frame.bodyRange])
        guard let message = try? parser.parse(body.span, version: frame.version) else { continue }
        guard case .receipt(let receipt) = message else { continue }
        let seal = receipt.event
        let record = try? store.read { $0.record(of: seal.aid, at: seal.sn, said: seal.said) }
        property(record != nil, "a receipt is for an event in the log")
    }
}
