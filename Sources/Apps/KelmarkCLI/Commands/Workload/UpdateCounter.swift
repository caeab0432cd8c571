// SPDX-License-Identifier: Apache-2.0

private import Synchronization

/// Counts the states that were shown, up to a limit.
final class UpdateCounter: Sendable {
    private let limit: Int?
    private let shown = Mutex(0)

    init(limit: Int?) { self.limit = limit }

    /// How many there were.
    var count: Int { shown.withLock { $0 } }

    /// Counts one; says whether another one is wanted.
    func next() -> Bool {
        let count = shown.withLock { shown in
            shown += 1
            return shown
        }
        return limit.map { count < $0 } ?? true
    }
}
