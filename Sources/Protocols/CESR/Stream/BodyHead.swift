// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// Recognises the start of a message body (facts 2.1, 2.2, 14.1).
enum BodyHead {
    /// What stands at a place where a body is due.
    enum Finding {
        /// A body of so many bytes.
        case found(VersionString, Int)
        /// A genus and version counter of so many bytes, which may precede a message of version 2.
        case genus(Int)
        /// The start of a body whose version string is not at its place, or contradicts the bytes around it.
        case invalid
        /// A well-formed version string of a version that is not known, in a body of so many bytes.
        case unsupported(Int)
        /// Too few bytes to tell.
        case tooShort
        /// Not the start of a body.
        case noBody
    }

    /// Bytes in which the whole version string of a well-formed body lies.
    private static let window = 29
    /// Where a version string may start at most.
    private static let latestStart = 12

    /// What stands at the start of `bytes`, which is not empty.
    static func find(_ bytes: Span<UInt8>) -> Finding {
        let start = ColdStart(bytes[0])
        if let format = start.bodyFormat {
            let exact = exact(bytes)
            guard case .invalid = exact, format == .json else { return exact }
            return search(bytes)
        }
        if let domain = start.counterDomain { return native(bytes, domain) }
        return .noBody
    }

    /// What stands at the start of `bytes`, accepting only the place where the canonical form has its version string.
    static func exact(_ bytes: Span<UInt8>) -> Finding {
        guard let format = ColdStart(bytes[0]).bodyFormat else { return .noBody }
        guard bytes.count >= window else { return .tooShort }
        guard let place = place(bytes, format) else { return .invalid }
        return judge(bytes, format, at: place)
    }

    /// Where the version string starts, when `bytes` begin as the canonical form does.
    @inline(__always)
    private static func place(_ bytes: Span<UInt8>, _ format: BodyFormat) -> Int? {
        switch format {
        case .json:
            // {"v":"
            return bytes[1] == 0x22 && bytes[2] == 0x76 && bytes[3] == 0x22 && bytes[4] == 0x3a && bytes[5] == 0x22
                ? 6 : nil
        case .cbor:
            let head: Int
            switch bytes[0] {
            case 0xa1...0xb7: head = 1
            case 0xb8: head = 2
            case 0xb9: head = 3
            default: return nil
            }
            guard bytes[head] == 0x61, bytes[head + 1] == 0x76 else { return nil }
            return bytes[head + 2] == 0x71 || bytes[head + 2] == 0x73 ? head + 3 : nil
        case .messagePack:
            let head = bytes[0] == 0xde ? 3 : bytes[0] == 0xdf ? 5 : 1
            guard bytes[head] == 0xa1, bytes[head + 1] == 0x76 else { return nil }
            return bytes[head + 2] == 0xb1 || bytes[head + 2] == 0xb3 ? head + 3 : nil
        case .native: return nil
        }
    }

    /// Looks for a version string that starts within the first 12 bytes of a JSON body, behind the canonical start with
    /// white space in it. Such a body can be framed, so that whoever reads the document refuses it and the stream goes on
    /// behind it.
    private static func search(_ bytes: Span<UInt8>) -> Finding {
        let expected: [UInt8] = [0x7b, 0x22, 0x76, 0x22, 0x3a, 0x22]
        var matched = 0
        for index in 0...latestStart {
            if matched == expected.count { return judge(bytes, .json, at: index) }
            switch bytes[index] {
            case expected[matched]: matched += 1
            case 0x20, 0x09, 0x0a, 0x0d: break
            default: return .invalid
            }
        }
        return .invalid
    }

    private static func judge(_ bytes: Span<UInt8>, _ format: BodyFormat, at start: Int) -> Finding {
        guard let (version, length) = VersionString.match(bytes.extracting(start..<window)),
            version.format == format, version.size >= start + length
        else { return .invalid }
        guard isSupported(version) else { return .unsupported(version.size) }
        return .found(version, version.size)
    }

    private static func isSupported(_ version: VersionString) -> Bool {
        switch version.grammar {
        case .version1: version.major == 1 && version.minor == 0
        case .version2: version.major == 2 && version.minor == 0 && version.genusMajor == 2
        }
    }

    /// A native body of version 2: its counter, then the `0O` tag with protocol and versions. In version 1 no group can
    /// begin so: the first element behind `-F` or `-G` is a prefix or a sequence number.
    private static func native(_ bytes: Span<UInt8>, _ domain: Domain) -> Finding {
        do throws(CESRError) {
            let (counter, length) = try Counter.decode(bytes, offset: 0, domain: domain, table: .version2)
            switch counter.code.kind {
            case .genusVersion: return counter.count >> 12 == 2 ? .genus(length) : .unsupported(length)
            case .fixedBody, .mapBody: break
            default: return .noBody
            }
            let (tag, tagLength) = try Primitive.decode(
                bytes.extracting(droppingFirst: length), offset: length, domain: domain, table: .version2)
            let size = length + counter.count * domain.unit
            guard tag.code == .tag10, let version = NativeVersion(tag: tag.tag, size: size),
                size >= length + tagLength
            else { return .noBody }
            return isSupported(version.string) ? .found(version.string, size) : .unsupported(size)
        } catch {
            return error.missing == nil ? .noBody : .tooShort
        }
    }
}

/// The version tag of a native body: protocol, protocol version, CESR version, as `KERICAACAA` (facts 14.1).
struct NativeVersion {
    let string: VersionString

    init?(tag: String, size: Int) {
        var characters = Array(tag.utf8)
        characters += Array("CESR".utf8)
        characters += Base64Number.characters(UInt64(min(size, 0xff_ffff)), width: 4)
        characters.append(UInt8(ascii: "."))
        guard let (version, _) = VersionString.match(characters.span) else { return nil }
        self.string = version
    }
}
