// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Remembers what came lately, in bounded memory: at least the last `count` different ones, at most twice as many.
final class RecentSet<Element: Hashable & Sendable>: Sendable {
    private let count: Int
    private let sets = Mutex<(new: Set<Element>, old: Set<Element>)>(([], []))

    init(count: Int) { self.count = count }

    /// Whether `element` has not come lately; remembers it.
    func insert(_ element: Element) -> Bool {
        sets.withLock { sets in
            guard !sets.new.contains(element) else { return false }
            let isNew = !sets.old.contains(element)
            if sets.new.count >= count { sets = ([], sets.new) }
            sets.new.insert(element)
            return isNew
        }
    }

    /// Forgets `element`.
    func remove(_ element: Element) {
        sets.withLock { sets in
            sets.new.remove(element)
            sets.old.remove(element)
        }
    }
}
