// SPDX-License-Identifier: Apache-2.0

/// A set of places in a key or witness list; a bit for each of the first 64, the rest in a set.
public struct SignerSet: Hashable, Sendable, ExpressibleByArrayLiteral {
    private var low: UInt64 = 0
    private var high: Set<Int> = []

    /// The empty set.
    public init() {}

    /// The set of the given places; negative ones are ignored.
    public init(_ places: some Sequence<Int>) {
        for place in places { insert(place) }
    }

    /// The set of the given places.
    public init(arrayLiteral elements: Int...) { self.init(elements) }

    /// Adds a place; a negative one is ignored.
    public mutating func insert(_ place: Int) {
        guard place >= 0 else { return }
        if place < 64 { low |= 1 << UInt64(place) } else { high.insert(place) }
    }

    /// Whether a place is in the set.
    public func contains(_ place: Int) -> Bool {
        guard place >= 0 else { return false }
        return place < 64 ? low & (1 << UInt64(place)) != 0 : high.contains(place)
    }

    /// How many distinct places there are.
    public var count: Int { low.nonzeroBitCount + high.count }

    /// Whether there is none.
    public var isEmpty: Bool { low == 0 && high.isEmpty }
}
