// SPDX-License-Identifier: Apache-2.0

/// Runs automata; keeps its working space from one run to the next.
struct PatternMatcher {
    /// States that the last character led to.
    private var waiting: [Int32] = []
    /// States that read the next character.
    private var reading: [Int32] = []
    private var stack: [Int32] = []
    /// The position at which a state was last entered, counted over all runs.
    private var entered: [UInt32] = []
    private var round: UInt32 = 0

    /// Whether a part of well-formed UTF-8 matches. Takes one of `steps` for each state at each character; nil when none
    /// are left.
    mutating func matches(
        _ pattern: Pattern, _ bytes: Span<UInt8>, in range: Range<Int>, steps: inout Int
    ) -> Bool? {
        if entered.count < pattern.states.count {
            entered += Array(repeating: 0, count: pattern.states.count - entered.count)
        }
        waiting.removeAll(keepingCapacity: true)
        var position = range.lowerBound
        var previous: UInt32?
        while true {
            let (scalar, length) = Self.scalar(bytes, at: position, end: range.upperBound)
            reading.removeAll(keepingCapacity: true)
            nextRound()
            steps -= 1
            if enter(0, pattern, previous, scalar, &steps) { return true }
            for state in waiting where enter(state, pattern, previous, scalar, &steps) { return true }
            if steps < 0 { return nil }
            guard let scalar else { return false }
            waiting.removeAll(keepingCapacity: true)
            for state in reading {
                if case .set(let set) = pattern.states[Int(state)], pattern.sets[Int(set)].contains(scalar) {
                    waiting.append(state + 1)
                }
            }
            previous = scalar
            position += length
        }
    }

    private mutating func nextRound() {
        if round == .max {
            round = 0
            for index in entered.indices { entered[index] = 0 }
        }
        round += 1
    }

    /// Enters a state and all that follow without a character; says whether one of them is the match.
    private mutating func enter(
        _ first: Int32, _ pattern: Pattern, _ previous: UInt32?, _ next: UInt32?, _ steps: inout Int
    ) -> Bool {
        stack.append(first)
        while let state = stack.popLast() {
            if entered[Int(state)] == round { continue }
            entered[Int(state)] = round
            steps -= 1
            switch pattern.states[Int(state)] {
            case .set: reading.append(state)
            case .split(let other):
                stack.append(other)
                stack.append(state + 1)
            case .jump(let other): stack.append(other)
            case .start: if previous == nil { stack.append(state + 1) }
            case .end: if next == nil { stack.append(state + 1) }
            case .wordBoundary: if Self.isWord(previous) != Self.isWord(next) { stack.append(state + 1) }
            case .noWordBoundary: if Self.isWord(previous) == Self.isWord(next) { stack.append(state + 1) }
            case .match:
                stack.removeAll(keepingCapacity: true)
                return true
            }
        }
        return false
    }

    private static func isWord(_ scalar: UInt32?) -> Bool {
        switch scalar {
        case .some(0x30...0x39), .some(0x41...0x5a), .some(0x5f), .some(0x61...0x7a): true
        default: false
        }
    }

    /// The scalar at a position of well-formed UTF-8 and its length; nil at the end.
    private static func scalar(_ bytes: Span<UInt8>, at position: Int, end: Int) -> (UInt32?, Int) {
        guard position < end else { return (nil, 0) }
        let lead = UInt32(bytes[position])
        if lead < 0x80 { return (lead, 1) }
        let length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
        guard position + length <= end else { return (lead, 1) }
        var value = lead & (0x7f >> UInt32(length))
        for index in 1..<length { value = value << 6 | UInt32(bytes[position + index]) & 0x3f }
        return (value, length)
    }
}
