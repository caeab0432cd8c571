// SPDX-License-Identifier: Apache-2.0

internal import NIOHTTP1

extension IncomingRequest {
    /// A request whose target is a path with an optional query; nil for any other target or bad percent-encoding.
    init?(_ head: HTTPRequestHead, body: [UInt8], source: String) {
        let parts = head.uri.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let raw = parts.first, raw.first == UInt8(ascii: "/"), let path = Self.decoded(raw, plusIsSpace: false)
        else { return nil }
        var query: [(name: String, value: String)] = []
        if parts.count > 1 {
            for member in parts[1].split(separator: UInt8(ascii: "&")) {
                let sides = member.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = Self.decoded(sides[0], plusIsSpace: true),
                    let value = sides.count > 1 ? Self.decoded(sides[1], plusIsSpace: true) : ""
                else { return nil }
                query.append((name, value))
            }
        }
        self.init(
            method: head.method.rawValue, path: path, query: query,
            headers: head.headers.map { ($0.name.lowercased(), $0.value) }, body: body, source: source)
    }

    /// Text without its percent-encoding; nil when that is malformed or the bytes are no UTF-8.
    static func decoded(_ text: Substring.UTF8View.SubSequence, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(Self.nibble), let low = rest.popFirst().flatMap(Self.nibble)
                else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
