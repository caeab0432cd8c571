// SPDX-License-Identifier: Apache-2.0

/// One message of D-Bus, as far as a caller of methods needs it. D-Bus specification, "Message Protocol".
struct BusMessage: Hashable, Sendable {
    /// What a message is.
    enum Kind: UInt8, Hashable, Sendable {
        case call = 1
        case answer = 2
        case error = 3
        case signal = 4
    }

    /// Most bytes of a message that is read.
    static let largest = 64 << 10

    let kind: Kind
    /// To which call it answers.
    let replySerial: UInt32?
    /// The name of an error.
    let errorName: String?
    /// The types of the body's values.
    let signature: String
    let body: [UInt8]
    let isBigEndian: Bool

    // MARK: Reading

    /// Takes a message from the front of `bytes`; nil when it is not there as a whole yet.
    /// - Throws: ``BusReader/Malformed``, also for one that is too large.
    static func take(from bytes: inout [UInt8]) throws(BusReader.Malformed) -> BusMessage? {
        guard bytes.count >= 16 else { return nil }
        let isBigEndian: Bool
        switch bytes[0] {
        case UInt8(ascii: "l"): isBigEndian = false
        case UInt8(ascii: "B"): isBigEndian = true
        default: throw BusReader.Malformed()
        }
        var head = BusReader(bytes[4..<16], isBigEndian: isBigEndian)
        let (bodyCount, serial, fieldCount) = (Int(try head.uint32()), try head.uint32(), Int(try head.uint32()))
        guard bytes[3] == 1, serial != 0, bodyCount <= largest, fieldCount <= largest else {
            throw BusReader.Malformed()
        }
        let bodyStart = (16 + fieldCount + 7) / 8 * 8
        guard bodyStart + bodyCount <= largest else { throw BusReader.Malformed() }
        guard bytes.count >= bodyStart + bodyCount else { return nil }
        // A kind that is not known is passed over by its length; it is no answer to us.
        let kind = Kind(rawValue: bytes[1]) ?? .signal
        let message = try BusMessage(
            kind, fields: bytes[..<(16 + fieldCount)], body: Array(bytes[bodyStart..<(bodyStart + bodyCount)]),
            isBigEndian: isBigEndian)
        bytes.removeFirst(bodyStart + bodyCount)
        return message
    }

    private init(
        _ kind: Kind, fields: ArraySlice<UInt8>, body: [UInt8], isBigEndian: Bool
    ) throws(BusReader.Malformed) {
        var reader = BusReader(fields, isBigEndian: isBigEndian)
        _ = try reader.take(16)
        var numbers: [UInt8: UInt32] = [:]
        var texts: [UInt8: String] = [:]
        while reader.offset < fields.count {
            try reader.align(8)
            let code = try reader.byte()
            guard numbers[code] == nil, texts[code] == nil else { throw BusReader.Malformed() }
            switch try reader.signature() {
            case "u": numbers[code] = try reader.uint32()
            case "s", "o": texts[code] = try reader.string()
            case "g": texts[code] = try reader.signature()
            default: throw BusReader.Malformed()
            }
        }
        self.kind = kind
        replySerial = numbers[5]
        errorName = texts[4]
        signature = texts[8] ?? ""
        self.body = body
        self.isBigEndian = isBigEndian
    }

    /// The only value of the body: a string or the path of an object, perhaps inside of a variant.
    /// - Throws: ``BusReader/Malformed`` for every other body.
    func text() throws(BusReader.Malformed) -> String {
        var reader = BusReader(body[...], isBigEndian: isBigEndian)
        let type = signature == "v" ? try reader.signature() : signature
        guard type == "s" || type == "o" else { throw BusReader.Malformed() }
        let text = try reader.string()
        guard reader.offset == body.count else { throw BusReader.Malformed() }
        return text
    }

    // MARK: Writing

    /// A value that is passed to a method.
    enum Argument: Hashable, Sendable {
        case uint32(UInt32)
        case string(String)

        var type: String {
            switch self {
            case .uint32: "u"
            case .string: "s"
            }
        }
    }

    /// The bytes of a call that is to be answered.
    static func call(
        _ member: String, of interface: String, at path: String, to destination: String, serial: UInt32,
        _ arguments: [Argument] = []
    ) -> [UInt8] {
        var body = BusWriter()
        for argument in arguments {
            switch argument {
            case .uint32(let number): body.uint32(number)
            case .string(let text): body.string(text)
            }
        }
        var fields = BusWriter()
        func field(_ code: UInt8, _ type: String, _ text: String) {
            fields.align(8)
            fields.byte(code)
            fields.signature(type)
            if type == "g" { fields.signature(text) } else { fields.string(text) }
        }
        field(1, "o", path)
        field(2, "s", interface)
        field(3, "s", member)
        field(6, "s", destination)
        if !arguments.isEmpty { field(8, "g", arguments.map(\.type).joined()) }

        var message = BusWriter()
        for byte in [UInt8(ascii: "l"), Kind.call.rawValue, 0, 1] { message.byte(byte) }
        message.uint32(UInt32(truncatingIfNeeded: body.bytes.count))
        message.uint32(serial)
        message.uint32(UInt32(truncatingIfNeeded: fields.bytes.count))
        // The fields begin at a multiple of 8, as they do here.
        for byte in fields.bytes { message.byte(byte) }
        message.align(8)
        return message.bytes + body.bytes
    }
}
