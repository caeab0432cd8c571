// SPDX-License-Identifier: Apache-2.0

/// A regular expression compiled to an automaton that reads every character once. The time that it takes is bounded by
/// the number of its states times the length of the text, whatever either says.
struct Pattern: Sendable {
    /// One state; where nothing else is said, the state behind it follows.
    enum State: Sendable {
        case set(Int32)
        /// Goes on behind it and at another state.
        case split(Int32)
        case jump(Int32)
        case start, end
        case wordBoundary, noWordBoundary
        case match
    }

    let states: [State]
    let sets: [CharacterSet]

    /// - Throws: ``PatternError``, also when it takes more than `limit` states.
    init(_ text: String, states limit: Int) throws(PatternError) {
        var builder = PatternBuilder(limit: limit)
        try builder.build(try PatternParser.parse(text))
        try builder.append(.match)
        states = builder.states
        sets = builder.sets
    }
}

/// Lays the states of an automaton out.
struct PatternBuilder {
    private(set) var states: [Pattern.State] = []
    private(set) var sets: [CharacterSet] = []
    private var known: [CharacterSet: Int32] = [:]
    let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func append(_ state: Pattern.State) throws(PatternError) {
        guard states.count < limit else { throw PatternError(.tooLarge, at: 0, "more than \(limit) states") }
        states.append(state)
    }

    mutating func build(_ tree: PatternTree) throws(PatternError) {
        switch tree {
        case .empty: break
        case .start: try append(.start)
        case .end: try append(.end)
        case .wordBoundary(let negated): try append(negated ? .noWordBoundary : .wordBoundary)
        case .set(let set):
            let number = known[set] ?? Int32(sets.count)
            if known.updateValue(number, forKey: set) == nil { sets.append(set.finished()) }
            try append(.set(number))
        case .sequence(let parts): for part in parts { try build(part) }
        case .choice(let branches): try choice(branches)
        case .repetition(let body, let min, let max): try repetition(body, min: min, max: max)
        }
    }

    private var here: Int32 { Int32(states.count) }

    private mutating func choice(_ branches: [PatternTree]) throws(PatternError) {
        var ends: [Int] = []
        for (position, branch) in branches.enumerated() {
            let isLast = position == branches.count - 1
            let split = states.count
            if !isLast { try append(.split(0)) }
            try build(branch)
            if !isLast {
                ends.append(states.count)
                try append(.jump(0))
                states[split] = .split(here)
            }
        }
        for end in ends { states[end] = .jump(here) }
    }

    private mutating func repetition(_ body: PatternTree, min: Int, max: Int?) throws(PatternError) {
        for _ in 0..<min {
            let before = states.count
            try build(body)
            // What has no state is the same however often it is repeated.
            if states.count == before { return }
        }
        guard let max else {
            let split = states.count
            try append(.split(0))
            try build(body)
            try append(.jump(Int32(split)))
            states[split] = .split(here)
            return
        }
        var splits: [Int] = []
        for _ in min..<max {
            splits.append(states.count)
            try append(.split(0))
            try build(body)
        }
        for split in splits { states[split] = .split(here) }
    }
}
