// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// How the body of a message is serialised.
public enum BodyFormat: UInt8, Hashable, Sendable, CaseIterable {
    /// `JSON`
    case json
    /// `CBOR`
    case cbor
    /// `MGPK`
    case messagePack
    /// `CESR`: a native group of version 2.
    case native

    /// The four letters of version strings.
    public var text: String {
        switch self {
        case .json: "JSON"
        case .cbor: "CBOR"
        case .messagePack: "MGPK"
        case .native: "CESR"
        }
    }

    init?(code: UInt32) {
        switch code {
        case 0x4a53_4f4e: self = .json
        case 0x4342_4f52: self = .cbor
        case 0x4d47_504b: self = .messagePack
        case 0x4345_5352: self = .native
        default: return nil
        }
    }
}

/// The protocol that a message belongs to.
public enum MessageProtocol: UInt8, Hashable, Sendable, CaseIterable {
    /// Key events, receipts, replies, queries, exchanges, registry events.
    case keri
    /// Credentials.
    case acdc
    /// Credential registries; known to KERIpy 1.1, not in use.
    case crel

    /// The four letters of version strings.
    public var text: String {
        switch self {
        case .keri: "KERI"
        case .acdc: "ACDC"
        case .crel: "CREL"
        }
    }

    init?(code: UInt32) {
        switch code {
        case 0x4b45_5249: self = .keri
        case 0x4143_4443: self = .acdc
        case 0x4352_454c: self = .crel
        default: return nil
        }
    }
}

/// The first field of every message: protocol, versions, format and size of the body (facts 2.2, 14.1).
public struct VersionString: Hashable, Sendable, CustomStringConvertible {
    /// The protocol.
    public let `protocol`: MessageProtocol
    /// Major version of the protocol; it also decides the grammar of the text.
    public let major: Int
    /// Minor version of the protocol.
    public let minor: Int
    /// Major version of the CESR tables; 1 in version 1.
    public let genusMajor: Int
    /// Minor version of the CESR tables; 0 in version 1.
    public let genusMinor: Int
    /// How the body is serialised.
    public let format: BodyFormat
    /// Bytes of the whole body.
    public let size: Int

    /// A version 1 string, `KERI10JSON00012b_`.
    /// - Throws: ``CESRError`` when a number does not fit its digits or the format is native.
    public init(
        _ protocol: MessageProtocol, major: Int = 1, minor: Int = 0, format: BodyFormat, size: Int
    ) throws(CESRError) {
        guard 0...15 ~= major, 0...15 ~= minor, 0...0xff_ffff ~= size, format != .native else {
            throw CESRError(.outOfRange)
        }
        self.init(
            protocol: `protocol`, major: major, minor: minor, genusMajor: 1, genusMinor: 0, format: format, size: size,
            grammar: .version1)
    }

    /// A version 2 string, `KERICAACAAJSONAAEr.`.
    /// - Throws: ``CESRError`` when a number does not fit its digits.
    public init(
        version2 protocol: MessageProtocol, major: Int = 2, minor: Int = 0, genusMajor: Int = 2, genusMinor: Int = 0,
        format: BodyFormat, size: Int
    ) throws(CESRError) {
        guard 0...63 ~= major, 0...4095 ~= minor, 0...63 ~= genusMajor, 0...4095 ~= genusMinor,
            0...0xff_ffff ~= size
        else { throw CESRError(.outOfRange) }
        self.init(
            protocol: `protocol`, major: major, minor: minor, genusMajor: genusMajor, genusMinor: genusMinor,
            format: format, size: size, grammar: .version2)
    }

    /// Which grammar the text follows.
    public let grammar: CodeTable

    private init(
        protocol: MessageProtocol, major: Int, minor: Int, genusMajor: Int, genusMinor: Int, format: BodyFormat,
        size: Int, grammar: CodeTable
    ) {
        self.protocol = `protocol`
        self.major = major
        self.minor = minor
        self.genusMajor = genusMajor
        self.genusMinor = genusMinor
        self.format = format
        self.size = size
        self.grammar = grammar
    }

    /// Characters of a version 1 string.
    public static let count1 = 17
    /// Characters of a version 2 string.
    public static let count2 = 19

    /// Reads a version string that fills `text`.
    /// - Throws: ``CESRError`` when it breaks the grammar or names an unknown protocol or format.
    public init(text: String) throws(CESRError) {
        try self.init(text.utf8.span)
    }

    /// Reads a version string that fills `bytes`.
    /// - Throws: ``CESRError`` when it breaks the grammar or names an unknown protocol or format.
    public init(_ bytes: Span<UInt8>) throws(CESRError) {
        guard let (version, length) = VersionString.match(bytes), length == bytes.count else {
            throw CESRError(.invalidVersion)
        }
        self = version
    }

    /// The tables that primitives and counters behind the body use.
    public var table: CodeTable { genusMajor >= 2 ? .version2 : .version1 }

    /// The characters.
    public var text: String {
        switch grammar {
        case .version1:
            let digits = String(size, radix: 16)
            let zeros = String(repeating: "0", count: 6 - digits.utf8.count)
            return `protocol`.text + String(major, radix: 16) + String(minor, radix: 16) + format.text + zeros + digits
                + "_"
        case .version2:
            func digits(_ number: Int, _ width: Int) -> String {
                String(decoding: Base64Number.characters(UInt64(number), width: width), as: UTF8.self)
            }
            return `protocol`.text + digits(major, 1) + digits(minor, 2) + digits(genusMajor, 1) + digits(genusMinor, 2)
                + format.text + digits(size, 4) + "."
        }
    }

    /// The same as ``text``.
    public var description: String { text }

    /// The version string at the start of `bytes` and its length, or nil when there is none.
    static func match(_ bytes: Span<UInt8>) -> (VersionString, Int)? {
        guard bytes.count >= count1, let name = MessageProtocol(code: word(bytes, 0)) else { return nil }
        if bytes[16] == UInt8(ascii: "_"), let format = BodyFormat(code: word(bytes, 6)), format != .native,
            let major = hex(bytes, 4..<5), let minor = hex(bytes, 5..<6), let size = hex(bytes, 10..<16)
        {
            return (
                VersionString(
                    protocol: name, major: major, minor: minor, genusMajor: 1, genusMinor: 0, format: format,
                    size: size, grammar: .version1), count1
            )
        }
        guard bytes.count >= count2, bytes[18] == UInt8(ascii: "."), let format = BodyFormat(code: word(bytes, 10)),
            let major = base64(bytes, 4..<5), let minor = base64(bytes, 5..<7), let genusMajor = base64(bytes, 7..<8),
            let genusMinor = base64(bytes, 8..<10), let size = base64(bytes, 14..<18)
        else { return nil }
        return (
            VersionString(
                protocol: name, major: major, minor: minor, genusMajor: genusMajor, genusMinor: genusMinor,
                format: format, size: size, grammar: .version2), count2
        )
    }

    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, _ start: Int) -> UInt32 {
        UInt32(bytes[start]) << 24 | UInt32(bytes[start + 1]) << 16 | UInt32(bytes[start + 2]) << 8
            | UInt32(bytes[start + 3])
    }

    @inline(__always)
    private static func hex(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var value = 0
        for index in range {
            switch bytes[index] {
            case 0x30...0x39: value = value << 4 | Int(bytes[index] - 0x30)
            case 0x61...0x66: value = value << 4 | Int(bytes[index] - 0x57)
            default: return nil
            }
        }
        return value
    }

    private static func base64(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var value = 0
        for index in range {
            guard let sextet = Base64URL.sextet(of: bytes[index]) else { return nil }
            value = value << 6 | Int(sextet)
        }
        return value
    }
}

extension BodyFormat {
    /// The document format of the body; nil for a native one.
    public var document: DocumentFormat? {
        switch self {
        case .json: .json
        case .cbor: .cbor
        case .messagePack: .messagePack
        case .native: nil
        }
    }
}
