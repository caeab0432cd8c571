// SPDX-License-Identifier: Apache-2.0

/// Codes of fixed size that version 2 adds, or that have another shape there (facts 1.2, last column).
let version2FixedFormats: [PrimitiveFormat] = [
    PrimitiveFormat("X", "3-character tag", full: 4, soft: 3),
    PrimitiveFormat("Y", "7-character tag", full: 8, soft: 7),
    PrimitiveFormat("Z", "11-character tag", full: 12, soft: 11),
    PrimitiveFormat("a", "256-bit salt", full: 44),
    PrimitiveFormat("b", "memogram head", full: 8, soft: 3),
    PrimitiveFormat("0J", "1-character tag", full: 4, soft: 2, filler: 1),
    PrimitiveFormat("0K", "2-character tag", full: 4, soft: 2),
    PrimitiveFormat("0L", "5-character tag", full: 8, soft: 6, filler: 1),
    PrimitiveFormat("0M", "6-character tag", full: 8, soft: 6),
    PrimitiveFormat("0N", "9-character tag", full: 12, soft: 10, filler: 1),
    PrimitiveFormat("0O", "10-character tag", full: 12, soft: 10),
    PrimitiveFormat("1AAE", "Ed448 signature", full: 156),
    PrimitiveFormat("1AAF", "4-character tag", full: 8, soft: 4),
    PrimitiveFormat("1AAN", "8-character tag", full: 12, soft: 8),
    PrimitiveFormat("1AAO", "escape", full: 4),
    PrimitiveFormat("1AAP", "empty", full: 4),
    PrimitiveFormat("1__-", "test value with tag", full: 12, soft: 2),
    PrimitiveFormat("1___", "test value", full: 8),
    PrimitiveFormat("2__-", "test value with tag, one lead byte", full: 12, soft: 2, filler: 1, lead: 1),
    PrimitiveFormat("2___", "test value, one lead byte", full: 8, lead: 1),
    PrimitiveFormat("3__-", "test value with tag, two lead bytes", full: 12, soft: 2, lead: 2),
    PrimitiveFormat("3___", "test value, two lead bytes", full: 8, lead: 2),
]

/// Codes of version 1 that version 2 does not have.
let version2WithdrawnCodes: [StaticString] = ["2AAA", "3AAA"]
