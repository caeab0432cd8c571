// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

struct CBORRefusalTests {
    @Test(arguments: heads) func `Heads that cbor2 does not write are refused`(_ refusal: Refusal) {
        refusal.check()
    }

    @Test(arguments: types) func `Types that KERI peers do not write are refused`(_ refusal: Refusal) {
        refusal.check()
    }

    @Test(arguments: structure) func `Broken structure is refused`(_ refusal: Refusal) { refusal.check() }

    static let heads: [Refusal] = [
        .cbor("23 in two bytes", [0x18, 0x17], .nonCanonicalInteger, at: 0),
        .cbor("255 in three bytes", [0x19, 0x00, 0xff], .nonCanonicalInteger, at: 0),
        .cbor("65535 in five bytes", [0x1a, 0, 0, 0xff, 0xff], .nonCanonicalInteger, at: 0),
        .cbor("2^32-1 in nine bytes", [0x1b, 0, 0, 0, 0, 255, 255, 255, 255], .nonCanonicalInteger, at: 0),
        .cbor("-24 in two bytes", [0x81, 0x38, 0x17], .nonCanonicalInteger, at: 1),
        .cbor("short text in two bytes", [0x78, 0x01, 0x61], .nonCanonicalLength, at: 0),
        .cbor("short bytes in three", [0x59, 0x00, 0x01, 0x61], .nonCanonicalLength, at: 0),
        .cbor("short list in two bytes", [0x98, 0x01, 0x01], .nonCanonicalLength, at: 0),
        .cbor("short map in two bytes", [0xb8, 0x01, 0x61, 0x61, 0x01], .nonCanonicalLength, at: 0),
        .cbor("short map in nine bytes", [0xbb, 0, 0, 0, 0, 0, 0, 0, 1], .nonCanonicalLength, at: 0),
        .cbor("reserved 28", [0x1c], .unsupportedType, at: 0),
        .cbor("reserved 30", [0x81, 0x7e], .unsupportedType, at: 1),
        .cbor("integer 31", [0x1f], .unsupportedType, at: 0),
        .cbor("open map", [0xbf, 0x61, 0x61, 0x01, 0xff], .indefiniteLength, at: 0),
        .cbor("open list", [0x81, 0x9f, 0xff], .indefiniteLength, at: 1),
        .cbor("open text", [0x7f, 0x61, 0x61, 0xff], .indefiniteLength, at: 0),
        .cbor("open bytes", [0x5f, 0xff], .indefiniteLength, at: 0),
        .cbor("break", [0x81, 0xff], .unsupportedType, at: 1),
    ]

    static let types: [Refusal] = [
        .cbor("16-bit float", [0xf9, 0x3c, 0x00], .nonCanonicalFloat, at: 0),
        .cbor("32-bit float", [0x81, 0xfa, 0x3f, 0x80, 0, 0], .nonCanonicalFloat, at: 1),
        .cbor("NaN", [0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], .nonFiniteNumber, at: 0),
        .cbor("infinity", [0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], .nonFiniteNumber, at: 0),
        .cbor("undefined", [0xf7], .unsupportedType, at: 0),
        .cbor("simple 0", [0xe0], .unsupportedType, at: 0),
        .cbor("simple 32", [0xf8, 0x20], .unsupportedType, at: 0),
        .cbor("date tag", [0xc1, 0x00], .unsupportedType, at: 0),
        .cbor("self-described", [0xd9, 0xd9, 0xf7, 0xa0], .unsupportedType, at: 0),
        .cbor("bignum of 64 bits", [0xc2, 0x48] + ones(8), .nonCanonicalInteger, at: 0),
        .cbor("empty bignum", [0xc3, 0x40], .nonCanonicalInteger, at: 0),
        .cbor("bignum with leading zero", [0xc2, 0x49, 0x00] + ones(8), .nonCanonicalInteger, at: 0),
        .cbor("bignum of text", [0xc2, 0x69] + ones(9), .unexpectedByte, at: 1),
        .cbor("bignum of nothing", [0xc2], .truncated, at: 1),
        .cbor("cut bignum", [0xc2, 0x49, 0x01], .truncated, at: 3),
        .cbor("bignum of 4301 digits", [0xc2, 0x59, 0x06, 0xfa] + ones(1786), .integerTooLong, at: 0),
        .cbor("bignum of 1787 bytes", [0xc3, 0x59, 0x06, 0xfb] + ones(1787), .integerTooLong, at: 0),
        .cbor("integer label", [0xa1, 0x01, 0x02], .labelNotText, at: 1),
        .cbor("bytes label", [0xa1, 0x41, 0x61, 0x02], .labelNotText, at: 1),
        .cbor("second label null", [0xa2, 0x61, 0x61, 0x01, 0xf6, 0x01], .labelNotText, at: 4),
        .cbor("list label", [0xa1, 0x80, 0x01], .labelNotText, at: 1),
    ]

    static let structure: [Refusal] = [
        .cbor("nothing", [], .truncated, at: 0),
        .cbor("trailing byte", [0xa0, 0x00], .trailingBytes, at: 1),
        .cbor("cut head", [0x19, 0x01], .truncated, at: 2),
        .cbor("cut text", [0x63, 0x61, 0x62], .truncated, at: 3),
        .cbor("cut bytes", [0x43, 0x61], .truncated, at: 2),
        .cbor("cut float", [0xfb, 0, 0], .truncated, at: 3),
        .cbor("cut list", [0x82, 0x01], .truncated, at: 2),
        .cbor("cut map", [0xa1, 0x61, 0x61], .truncated, at: 3),
        .cbor("map without anything", [0xa1], .truncated, at: 1),
        .cbor("map with half a member", [0xa1, 0x60], .truncated, at: 2),
        .cbor("list of 2^64-1", [0x9b] + ones(8), .truncated, at: 9),
        .cbor("map of 2^63-1", [0xbb, 0x7f] + ones(7), .truncated, at: 9),
        .cbor("map of 2^31-1", [0xba, 0x7f] + ones(3), .truncated, at: 5),
        .cbor("text of 2^64-1", [0x7b] + ones(8), .truncated, at: 9),
        .cbor("equal labels", [0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x01], .duplicateLabel, at: 5),
        .cbor("bad UTF-8", [0x62, 0x61, 0xff], .invalidUTF8, at: 2),
        .cbor("bad UTF-8 in a label", [0xa1, 0x61, 0x80, 0x01], .invalidUTF8, at: 2),
        .cbor("bad UTF-8 behind eight", [0x69] + Array("12345678".utf8) + [0xc3], .invalidUTF8, at: 9),
    ]

    private static func ones(_ count: Int) -> [UInt8] { Array(repeating: 0xff, count: count) }
}
