// SPDX-License-Identifier: Apache-2.0

/// A duration as Go's programs print and take it: numbers with units behind each other, `1h30m`, `24h0m0s`, `1.5h`.
/// Days are ours.
struct DurationText: Sendable, Hashable {
    /// Nanoseconds of each unit; a longer name first where one begins with the other.
    private static let units: [(name: String, length: Int128)] = [
        ("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000),
        ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]
    /// More than anybody types.
    private static let longest = 64
    private static let mostDigits = 18

    /// Whole seconds; what is left of one counts as one.
    let seconds: Int32

    /// Reads a text; nil when it is no duration, or longer than can be said.
    init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.longest else { return nil }
        var rest = text[...]
        var nanoseconds: Int128 = 0
        while !rest.isEmpty {
            guard let whole = Self.digits(&rest)?.digits else { return nil }
            var part: (digits: Int128, scale: Int128) = (0, 1)
            if rest.first == "." {
                rest.removeFirst()
                guard let fraction = Self.digits(&rest) else { return nil }
                part = fraction
            }
            guard let unit = Self.units.first(where: { rest.hasPrefix($0.name) }) else { return nil }
            rest.removeFirst(unit.name.count)
            nanoseconds += whole * unit.length + part.digits * unit.length / part.scale
        }
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        guard let seconds = Int32(exactly: quotient + (remainder > 0 ? 1 : 0)) else { return nil }
        self.seconds = seconds
    }

    /// The digits at the front as a number, and ten to the power of how many they are.
    private static func digits(_ text: inout Substring) -> (digits: Int128, scale: Int128)? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard !digits.isEmpty, digits.count <= mostDigits, let number = Int128(digits) else { return nil }
        text = text[digits.endIndex...]
        return (number, digits.reduce(1) { scale, _ in scale * 10 })
    }
}
