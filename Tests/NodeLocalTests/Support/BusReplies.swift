// SPDX-License-Identifier: Apache-2.0

/// Writes messages of D-Bus as a bus does, in either byte order; apart from the code that is tested.
struct BusReply: Sendable {
    var kind: UInt8 = 2
    var serial: UInt32 = 77
    var replySerial: UInt32?
    var errorName: String?
    var signature: String?
    var body: [UInt8] = []
    var isBigEndian = false
    /// Further fields: their numbers, types and values.
    var others: [(UInt8, String, [UInt8])] = []

    static func number(_ value: UInt32, _ isBigEndian: Bool) -> [UInt8] {
        let bytes = [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
        return isBigEndian ? bytes.reversed() : bytes
    }

    static func string(_ text: String, _ isBigEndian: Bool) -> [UInt8] {
        number(UInt32(text.utf8.count), isBigEndian) + Array(text.utf8) + [0]
    }

    static func signature(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) + [0] }

    /// The answer to a call with one string, or with a variant of one.
    static func text(
        _ text: String, type: String = "s", inVariant: Bool = false, to serial: UInt32, isBigEndian: Bool = false
    ) -> BusReply {
        var body = inVariant ? signature(type) : []
        while body.count % 4 != 0 { body.append(0) }
        body += string(text, isBigEndian)
        return BusReply(
            replySerial: serial, signature: inVariant ? "v" : type, body: body, isBigEndian: isBigEndian)
    }

    static func error(_ name: String, to serial: UInt32) -> BusReply {
        BusReply(
            kind: 3, replySerial: serial, errorName: name, signature: "s", body: string("something is wrong", false))
    }

    var bytes: [UInt8] {
        var fields: [UInt8] = []
        func add(_ code: UInt8, _ type: String, _ value: [UInt8]) {
            while fields.count % 8 != 0 { fields.append(0) }
            fields += [code] + Self.signature(type)
            if type != "g" { while fields.count % 4 != 0 { fields.append(0) } }
            fields += value
        }
        if let errorName { add(4, "s", Self.string(errorName, isBigEndian)) }
        if let replySerial { add(5, "u", Self.number(replySerial, isBigEndian)) }
        add(7, "s", Self.string(":1.0", isBigEndian))
        if let signature { add(8, "g", Self.signature(signature)) }
        for (code, type, value) in others { add(code, type, value) }
        var bytes: [UInt8] = [UInt8(ascii: isBigEndian ? "B" : "l"), kind, 1, 1]
        bytes += Self.number(UInt32(body.count), isBigEndian) + Self.number(serial, isBigEndian)
        bytes += Self.number(UInt32(fields.count), isBigEndian) + fields
        while bytes.count % 8 != 0 { bytes.append(0) }
        return bytes + body
    }
}
