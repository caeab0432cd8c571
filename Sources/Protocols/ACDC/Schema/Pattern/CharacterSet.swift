// SPDX-License-Identifier: Apache-2.0

/// A set of Unicode scalars: ranges, general categories and properties, perhaps turned round.
struct CharacterSet: Sendable, Hashable {
    /// A property that is no range.
    enum Property: UInt8, Sendable, Hashable {
        case alphabetic, uppercase, lowercase, whiteSpace

        static let names: [String: Property] = [
            "Alphabetic": .alphabetic, "Alpha": .alphabetic, "Uppercase": .uppercase, "Upper": .uppercase,
            "Lowercase": .lowercase, "Lower": .lowercase, "White_Space": .whiteSpace, "space": .whiteSpace,
        ]

        func holds(for scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .alphabetic: scalar.properties.isAlphabetic
            case .uppercase: scalar.properties.isUppercase
            case .lowercase: scalar.properties.isLowercase
            case .whiteSpace: scalar.properties.isWhitespace
            }
        }
    }

    /// A property, or its opposite.
    struct Demand: Sendable, Hashable {
        let property: Property
        let negated: Bool
    }

    private(set) var ranges: [ClosedRange<UInt32>] = []
    /// One bit for each general category.
    private(set) var categories: UInt32 = 0
    private(set) var demands: [Demand] = []
    private(set) var negated = false
    /// Which of the first 128 scalars are in the set, once it is ``finished()``.
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    static let last: UInt32 = 0x10ffff

    init() {}

    init(_ ranges: ClosedRange<UInt32>...) { self.ranges = ranges }

    static let digits = CharacterSet(0x30...0x39)
    static let word = CharacterSet(0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a)
    /// White space and line ends of ECMA-262.
    static let space = CharacterSet(
        0x09...0x0d, 0x20...0x20, 0xa0...0xa0, 0x1680...0x1680, 0x2000...0x200a, 0x2028...0x2029, 0x202f...0x202f,
        0x205f...0x205f, 0x3000...0x3000, 0xfeff...0xfeff)
    /// What `.` is not.
    static let lineEnds = CharacterSet(0x0a...0x0a, 0x0d...0x0d, 0x2028...0x2029)

    mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

    mutating func insert(categories mask: UInt32) { categories |= mask }

    mutating func insert(_ demand: Demand) { demands.append(demand) }

    /// Adds all of a set that is made of ranges only.
    mutating func formUnion(_ other: CharacterSet) { ranges += other.ranges }

    mutating func negate() { negated.toggle() }

    /// Everything that is not in a set made of ranges only.
    var complement: CharacterSet {
        var result = CharacterSet()
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.insert(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= Self.last { result.insert(next...Self.last) }
        return result
    }

    /// The set with its ranges in order and the table of its ASCII part.
    func finished() -> CharacterSet {
        var result = self
        result.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.ranges.last, range.lowerBound <= last.upperBound + 1 {
                result.ranges[result.ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                result.ranges.append(range)
            }
        }
        for value in UInt32(0)..<128 where result.search(value) {
            if value < 64 { result.low |= 1 << UInt64(value) } else { result.high |= 1 << UInt64(value - 64) }
        }
        return result
    }

    /// Whether a scalar is in a finished set.
    func contains(_ value: UInt32) -> Bool {
        if value < 64 { return low >> UInt64(value) & 1 == 1 }
        if value < 128 { return high >> UInt64(value - 64) & 1 == 1 }
        return search(value)
    }

    private func search(_ value: UInt32) -> Bool {
        var first = 0
        var end = ranges.count
        while first < end {
            let middle = (first + end) / 2
            if ranges[middle].upperBound < value { first = middle + 1 } else { end = middle }
        }
        if first < ranges.count, ranges[first].contains(value) { return !negated }
        guard categories != 0 || !demands.isEmpty, let scalar = Unicode.Scalar(value) else { return negated }
        if categories >> GeneralCategories.bit(of: scalar.properties.generalCategory) & 1 == 1 { return !negated }
        for demand in demands where demand.property.holds(for: scalar) != demand.negated { return !negated }
        return negated
    }
}
