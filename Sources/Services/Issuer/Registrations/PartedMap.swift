// SPDX-License-Identifier: Apache-2.0

/// A dictionary in 256 parts: changing a value that somebody else still reads copies one part, not everything.
struct PartedMap<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var parts: [[Key: Value]] = Array(repeating: [:], count: 256)

    /// How many keys there are.
    private(set) var count = 0

    subscript(key: Key) -> Value? {
        get { parts[Self.part(of: key)][key] }
        set { change(key) { $0 = newValue } }
    }

    /// Changes the value of a key where it stands; nil removes it.
    mutating func change(_ key: Key, _ body: (inout Value?) -> Void) {
        let part = Self.part(of: key)
        let before = parts[part].count
        body(&parts[part][key])
        count += parts[part].count - before
    }

    private static func part(of key: Key) -> Int { Int(UInt8(truncatingIfNeeded: key.hashValue)) }
}
