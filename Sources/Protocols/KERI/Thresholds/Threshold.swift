// SPDX-License-Identifier: Apache-2.0

/// How many, or which, of a list of keys must sign (members `kt` and `nt`, facts 5.2 and 21).
///
/// Either a number of keys, or clauses of weights that must each reach 1. Signers are counted by their index, so one
/// key counts once however often and in whatever encoding its signature is attached (facts 0.9).
public struct Threshold: Hashable, Sendable {
    enum Form: Hashable, Sendable {
        case count(UInt32)
        /// Clauses, and whether the one clause was written as a flat list.
        case weighted([WeightClause])
    }

    let form: Form

    /// A number of distinct signers; 0 is never satisfied (facts 5.2).
    public static func count(_ count: UInt32) -> Threshold { Threshold(form: .count(count)) }

    /// Clauses of weights, each a text such as `1/2`, `0` or `1`.
    /// - Throws: ``ThresholdError`` when a weight is malformed, above 1, or a clause can't reach 1.
    public static func weighted(_ clauses: [[String]]) throws(ThresholdError) -> Threshold {
        var built: [WeightClause] = []
        for clause in clauses {
            var weights: [Weight] = []
            for text in clause { weights.append(try Weight(text.utf8.span)) }
            built.append(try WeightClause(weights))
        }
        return try Threshold(clauses: built)
    }

    init(form: Form) { self.form = form }

    init(clauses: [WeightClause]) throws(ThresholdError) {
        guard !clauses.isEmpty else { throw .empty }
        form = .weighted(clauses)
    }

    /// Reads a number in canonical hexadecimal; at most 2^32-1.
    init(hex text: Span<UInt8>) throws(ThresholdError) {
        guard let value = Hexadecimal.canonical(text), let count = UInt32(exactly: value) else { throw .malformed }
        form = .count(count)
    }

    /// How many keys the threshold speaks about at least: the number itself, or the sum of the weights' count.
    public var minimumKeys: Int {
        switch form {
        case .count(let count): Int(count)
        case .weighted(let clauses): clauses.reduce(0) { $0 + $1.weights.count }
        }
    }

    /// Whether the signers at `indices` of the key list are enough. Each index counts once.
    public func isSatisfied(by indices: SignerSet) -> Bool {
        switch form {
        case .count(let count):
            return count > 0 && indices.count >= Int(count)
        case .weighted(let clauses):
            var first = 0
            for clause in clauses {
                guard clause.isSatisfied(by: indices, startingAt: first) else { return false }
                first += clause.weights.count
            }
            return true
        }
    }

    /// Whether this is a number (not weights).
    public var number: UInt32? {
        if case .count(let count) = form { count } else { nil }
    }

    /// The weights as normalised texts, clause by clause, or nil for a number.
    public var weights: [[String]]? {
        guard case .weighted(let clauses) = form else { return nil }
        return clauses.map { $0.weights.map(\.text) }
    }

    /// Words for people: `2`, or `1/2, 1/2 and 1, 1`.
    public var summary: String {
        switch form {
        case .count(let count): String(count)
        case .weighted(let clauses):
            clauses.map { $0.weights.map(\.text).joined(separator: ", ") }.joined(separator: " and ")
        }
    }
}

/// Why a threshold was refused.
public enum ThresholdError: Error, Hashable, Sendable {
    /// Neither a canonical number nor a list of weights.
    case malformed
    /// No clause, or a clause without weights.
    case empty
    /// A weight is not a canonical fraction between 0 and 1.
    case badWeight
    /// The weights of a clause don't reach 1 together.
    case clauseBelowOne
    /// The denominators have no common multiple that fits 64 bits.
    case tooFine
}

/// One weight: a fraction between 0 and 1 in lowest terms.
struct Weight: Hashable, Sendable {
    let numerator: UInt64
    let denominator: UInt64

    /// Reads `0`, `1`, `n/d`, or `0.0` and `1.0`; refuses any other decimal, signs and numbers above 1 (facts 5.2).
    init(_ text: Span<UInt8>) throws(ThresholdError) {
        var numbers: [UInt64] = [0]
        var digits = 0
        var dotted = false
        var slashed = false
        for position in 0..<text.count {
            let byte = text[position]
            switch byte {
            case 0x30...0x39:
                guard digits < 9 else { throw .badWeight }
                numbers[numbers.count - 1] = numbers[numbers.count - 1] * 10 + UInt64(byte - 0x30)
                digits += 1
            case UInt8(ascii: "/"), UInt8(ascii: "."):
                guard !dotted, !slashed, digits > 0 else { throw .badWeight }
                if byte == UInt8(ascii: "/") { slashed = true } else { dotted = true }
                numbers.append(0)
                digits = 0
            default: throw .badWeight
            }
        }
        guard digits > 0 else { throw .badWeight }
        if dotted {
            guard numbers[1] == 0 else { throw .badWeight }
            numbers.removeLast()
        }
        let over = numbers.count == 2 ? numbers[1] : 1
        guard over > 0, numbers[0] <= over else { throw .badWeight }
        let divisor = Self.greatestCommonDivisor(numbers[0], over)
        numerator = numbers[0] / divisor
        denominator = over / divisor
    }

    /// `0`, `1` or `n/d` in lowest terms.
    var text: String { denominator == 1 ? String(numerator) : "\(numerator)/\(denominator)" }

    static func greatestCommonDivisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var (high, low) = (first, second)
        while low != 0 { (high, low) = (low, high % low) }
        return max(high, 1)
    }
}

/// Weights that must reach 1 together. Sums are exact: all weights are scaled to one denominator when the clause is
/// made.
struct WeightClause: Hashable, Sendable {
    let weights: [Weight]
    private let scaled: [UInt128]
    private let unit: UInt128

    init(_ weights: [Weight]) throws(ThresholdError) {
        guard !weights.isEmpty else { throw .empty }
        var unit: UInt64 = 1
        for weight in weights {
            let shared = Weight.greatestCommonDivisor(unit, weight.denominator)
            let (product, overflow) = unit.multipliedReportingOverflow(by: weight.denominator / shared)
            guard !overflow else { throw .tooFine }
            unit = product
        }
        self.weights = weights
        self.unit = UInt128(unit)
        self.scaled = weights.map { UInt128(unit / $0.denominator * $0.numerator) }
        guard scaled.reduce(0, +) >= self.unit else { throw .clauseBelowOne }
    }

    func isSatisfied(by indices: SignerSet, startingAt first: Int) -> Bool {
        var sum: UInt128 = 0
        for place in 0..<scaled.count where indices.contains(first + place) { sum += scaled[place] }
        return sum >= unit
    }
}
