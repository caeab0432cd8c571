// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// Base64 with padding (RFC 4648 section 4), strict in both directions, as certificates stand in key sets.
public enum StandardBase64 {
    /// The padded text of `bytes`.
    public static func encodedString(_ bytes: [UInt8]) -> String {
        var text = Base64URL.encode(bytes.span)
        for index in text.indices { text[index] = standard(text[index]) }
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that `text` spells; nil for anything but the one padded text of those bytes.
    public static func decode(_ text: String) -> [UInt8]? {
        var characters = Array(text.utf8)
        guard characters.count % 4 == 0 else { return nil }
        for _ in 0..<2 where characters.last == UInt8(ascii: "=") { characters.removeLast() }
        for index in characters.indices {
            switch characters[index] {
            case UInt8(ascii: "+"): characters[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): characters[index] = UInt8(ascii: "_")
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            default: break
            }
        }
        return try? Base64URL.decode(characters.span)
    }

    private static func standard(_ character: UInt8) -> UInt8 {
        switch character {
        case UInt8(ascii: "-"): UInt8(ascii: "+")
        case UInt8(ascii: "_"): UInt8(ascii: "/")
        default: character
        }
    }
}
