// SPDX-License-Identifier: Apache-2.0

/// Makes version 7 UUIDs, each greater than the one before, also when the clock stands still or goes back.
///
/// Within a millisecond the random bits of the last UUID are raised by a random amount (RFC 9562 6.2, method 2), so
/// that the next one stays hard to guess. Time and randomness come from the caller.
public struct UUIDv7Sequence: Hashable, Sendable {
    /// The last UUID made.
    public private(set) var last: UUIDv7?

    /// Starts a sequence; `last` continues one.
    public init(after last: UUIDv7? = nil) { self.last = last }

    /// The next UUID for a time in milliseconds since 1970.
    /// - Throws: ``UUIDv7Error/timeOutOfRange`` beyond ``UUIDv7/latestMilliseconds``; the sequence is unchanged then.
    public mutating func next(
        millisecondsSince1970 time: UInt64, using generator: inout some RandomNumberGenerator
    ) throws(UUIDv7Error) -> UUIDv7 {
        let made: UUIDv7
        if let last, time <= last.millisecondsSince1970 {
            made = try Self.successor(of: last, using: &generator)
        } else {
            made = try UUIDv7(millisecondsSince1970: time, using: &generator)
        }
        last = made
        return made
    }

    private static func successor(
        of last: UUIDv7, using generator: inout some RandomNumberGenerator
    ) throws(UUIDv7Error) -> UUIDv7 {
        let raised = last.randomBits + UInt128(UInt32.random(in: 0...UInt32.max, using: &generator)) + 1
        guard raised < 1 << 74 else {
            // The millisecond is used up: borrow the next one.
            return try UUIDv7(millisecondsSince1970: last.millisecondsSince1970 + 1, using: &generator)
        }
        return try UUIDv7(millisecondsSince1970: last.millisecondsSince1970, randomBits: raised)
    }
}
