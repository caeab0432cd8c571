// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

struct MessagePackRefusalTests {
    @Test(arguments: forms) func `Forms that are not the shortest are refused`(_ refusal: Refusal) {
        refusal.check()
    }

    @Test(arguments: types) func `Types that KERI peers do not write are refused`(_ refusal: Refusal) {
        refusal.check()
    }

    @Test(arguments: structure) func `Broken structure is refused`(_ refusal: Refusal) { refusal.check() }

    static let forms: [Refusal] = [
        .pack("127 in two bytes", [0xcc, 0x7f], .nonCanonicalInteger, at: 0),
        .pack("255 in three bytes", [0xcd, 0x00, 0xff], .nonCanonicalInteger, at: 0),
        .pack("65535 in five bytes", [0xce, 0, 0, 0xff, 0xff], .nonCanonicalInteger, at: 0),
        .pack("2^32-1 in nine bytes", [0xcf, 0, 0, 0, 0, 255, 255, 255, 255], .nonCanonicalInteger, at: 0),
        .pack("-32 in two bytes", [0x91, 0xd0, 0xe0], .nonCanonicalInteger, at: 1),
        .pack("-128 in three bytes", [0xd1, 0xff, 0x80], .nonCanonicalInteger, at: 0),
        .pack("-32768 in five bytes", [0xd2, 0xff, 0xff, 0x80, 0x00], .nonCanonicalInteger, at: 0),
        .pack("-2^31 in nine bytes", [0xd3, 255, 255, 255, 255, 0x80, 0, 0, 0], .nonCanonicalInteger, at: 0),
        .pack("positive in a signed form", [0xd1, 0x01, 0x00], .nonCanonicalInteger, at: 0),
        .pack("large positive in a signed form", [0xd3, 1, 0, 0, 0, 0, 0, 0, 0], .nonCanonicalInteger, at: 0),
        .pack("31 characters in str8", [0xd9, 31] + letters(31), .nonCanonicalLength, at: 0),
        .pack("255 characters in str16", [0xda, 0, 255] + letters(255), .nonCanonicalLength, at: 0),
        .pack("255 characters in str32", [0xdb, 0, 0, 0, 255] + letters(255), .nonCanonicalLength, at: 0),
        .pack("bytes in bin16", [0xc5, 0, 1, 1], .nonCanonicalLength, at: 0),
        .pack("bytes in bin32", [0xc6, 0, 0, 0, 1, 1], .nonCanonicalLength, at: 0),
        .pack("15 elements in array16", [0xdc, 0, 15] + zeros(15), .nonCanonicalLength, at: 0),
        .pack("16 elements in array32", [0xdd, 0, 0, 0, 16] + zeros(16), .nonCanonicalLength, at: 0),
        .pack("map16 of one", [0xde, 0, 1, 0xa0, 0], .nonCanonicalLength, at: 0),
        .pack("map32 of one", [0xdf, 0, 0, 0, 1, 0xa0, 0], .nonCanonicalLength, at: 0),
    ]

    static let types: [Refusal] = [
        .pack("never used", [0xc1], .unsupportedType, at: 0),
        .pack("32-bit float", [0xca, 0x3f, 0x80, 0, 0], .nonCanonicalFloat, at: 0),
        .pack("NaN", [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], .nonFiniteNumber, at: 0),
        .pack("minus infinity", [0xcb, 0xff, 0xf0, 0, 0, 0, 0, 0, 0], .nonFiniteNumber, at: 0),
        .pack("fixext 1", [0xd4, 0x01, 0x00], .unsupportedType, at: 0),
        .pack("fixext 16", [0x91, 0xd8, 0x01], .unsupportedType, at: 1),
        .pack("ext 8", [0xc7, 0x01, 0xff, 0x00], .unsupportedType, at: 0),
        .pack("ext 32", [0xc9], .unsupportedType, at: 0),
        .pack("integer label", [0x81, 0x01, 0x02], .labelNotText, at: 1),
        .pack("bytes label", [0x81, 0xc4, 0x01, 0x61, 0x02], .labelNotText, at: 1),
        .pack("second label a list", [0x82, 0xa1, 0x61, 0x01, 0x90, 0x01], .labelNotText, at: 4),
    ]

    static let structure: [Refusal] = [
        .pack("nothing", [], .truncated, at: 0),
        .pack("trailing byte", [0x80, 0x00], .trailingBytes, at: 1),
        .pack("cut integer", [0xcd, 0x01], .truncated, at: 2),
        .pack("cut text", [0xa3, 0x61], .truncated, at: 2),
        .pack("cut head of text", [0xda, 0x01], .truncated, at: 2),
        .pack("cut bytes", [0xc4, 0x02, 0x61], .truncated, at: 3),
        .pack("cut float", [0xcb, 0, 0], .truncated, at: 3),
        .pack("cut list", [0x92, 0x01], .truncated, at: 2),
        .pack("cut map", [0x81, 0xa1, 0x61], .truncated, at: 3),
        .pack("list of 2^32-1", [0xdd, 255, 255, 255, 255], .truncated, at: 5),
        .pack("map of 2^32-1", [0xdf, 255, 255, 255, 255], .truncated, at: 5),
        .pack("text of 2^32-1", [0xdb, 255, 255, 255, 255], .truncated, at: 5),
        .pack("equal labels", [0x82, 0xa1, 0x61, 0x01, 0xa1, 0x61, 0x01], .duplicateLabel, at: 5),
        .pack("bad UTF-8", [0xa2, 0x61, 0xff], .invalidUTF8, at: 2),
        .pack("bad UTF-8 in a label", [0x81, 0xa1, 0x80, 0x01], .invalidUTF8, at: 2),
    ]

    private static func letters(_ count: Int) -> [UInt8] { Array(repeating: 0x61, count: count) }
    private static func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }
}
