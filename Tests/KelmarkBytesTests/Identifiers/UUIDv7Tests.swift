// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

struct UUIDv7Tests {
    /// RFC 9562 A.6.
    @Test func `The example of the RFC`() throws {
        let made = try UUIDv7(
            millisecondsSince1970: 0x017f_22e2_79b0, randomBits: 0xcc3 << 62 | 0x18c4_dc0c_0c07_398f)
        #expect(made.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
        #expect(try UUIDv7(made.description) == made)
        #expect(made.millisecondsSince1970 == 1_645_557_742_000)
        let randomBits: UInt128 = 0xcc3 << 62 | 0x18c4_dc0c_0c07_398f
        #expect(made.randomBits == randomBits)
        #expect(made.bytes.prefix(7) == [0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c])
        let bytes = made.bytes
        #expect(try UUIDv7(bytes: bytes.span) == made)
    }

    @Test(arguments: [
        ("", UUIDv7Error.wrongLength), ("017f22e2-79b0-7cc3-98c4-dc0c0c07398", .wrongLength),
        ("{17f22e2-79b0-7cc3-98c4-dc0c0c07398f", .unexpectedByte(offset: 0)),
        ("017F22e2-79b0-7cc3-98c4-dc0c0c07398f", .unexpectedByte(offset: 3)),
        ("017f22e2079b0-7cc3-98c4-dc0c0c07398f", .unexpectedByte(offset: 8)),
        ("017f22e2-79b0-7cc3-98c4-dc0c0c07398-", .unexpectedByte(offset: 35)),
        ("017f22e2-79b0-4cc3-98c4-dc0c0c07398f", .wrongVersion),
        ("017f22e2-79b0-7cc3-58c4-dc0c0c07398f", .wrongVariant),
        ("017f22e2-79b0-7cc3-c8c4-dc0c0c07398f", .wrongVariant),
    ])
    func `Other texts are refused`(_ text: String, _ error: UUIDv7Error) {
        #expect(throws: error) { try UUIDv7(text) }
    }

    @Test func `Other byte strings are refused`() throws {
        let short = [UInt8](repeating: 0, count: 15)
        let other = [UInt8](repeating: 0, count: 16)
        #expect(throws: UUIDv7Error.wrongLength) { try UUIDv7(bytes: short.span) }
        #expect(throws: UUIDv7Error.wrongVersion) { try UUIDv7(bytes: other.span) }
    }

    @Test func `Time has 48 bits`() throws {
        var random = SplitMix(state: 1)
        let last = try UUIDv7(millisecondsSince1970: UUIDv7.latestMilliseconds, using: &random)
        #expect(last.millisecondsSince1970 == UUIDv7.latestMilliseconds)
        #expect(try UUIDv7(last.description) == last)
        #expect(throws: UUIDv7Error.timeOutOfRange) {
            try UUIDv7(millisecondsSince1970: UUIDv7.latestMilliseconds + 1, randomBits: 0)
        }
    }

    @Test func `A sequence only rises, whatever the clock does`() throws {
        var random = SplitMix(state: 2)
        var sequence = UUIDv7Sequence()
        var last: UUIDv7?
        for step in 0..<5000 {
            let time = UInt64(1_700_000_000_000 + [0, 0, 5, 3, 1_000, 0][step % 6])
            let made = try sequence.next(millisecondsSince1970: time, using: &random)
            if let last { #expect(last < made && last.description < made.description) }
            #expect(try UUIDv7(made.description) == made)
            last = made
        }
        #expect(sequence.last == last)
        #expect(last?.millisecondsSince1970 == 1_700_000_001_000)
    }

    @Test func `A used-up millisecond borrows the next`() throws {
        var random = SplitMix(state: 3)
        let full = try UUIDv7(millisecondsSince1970: 10, randomBits: (1 << 74) - 1)
        var sequence = UUIDv7Sequence(after: full)
        let made = try sequence.next(millisecondsSince1970: 10, using: &random)
        #expect(made > full)
        #expect(made.millisecondsSince1970 == 11)
    }

    @Test func `The end of time is an error`() throws {
        var random = SplitMix(state: 4)
        let full = try UUIDv7(millisecondsSince1970: UUIDv7.latestMilliseconds, randomBits: (1 << 74) - 1)
        var sequence = UUIDv7Sequence(after: full)
        #expect(throws: UUIDv7Error.timeOutOfRange) {
            try sequence.next(millisecondsSince1970: 0, using: &random)
        }
        #expect(sequence.last == full)
    }
}
