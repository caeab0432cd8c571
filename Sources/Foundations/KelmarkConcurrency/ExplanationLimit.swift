// SPDX-License-Identifier: Apache-2.0

private import Synchronization

/// How often the log explains what anybody can bring about: who asks all the time must neither fill the disk, nor keep the
/// process busy with explanations, nor hide by his lines what others do.
package final class ExplanationLimit: Sendable {
    private struct State {
        var second: Int64?
        var given: [UInt32?: Int] = [:]
        var leftOut = 0
    }

    /// Most callers of whom one second tells.
    package static let mostCallers = 64

    private let most: Int
    private let state = Mutex(State())

    /// - Parameter most: how many explanations one second has for each caller.
    package init(most: Int = 20) { self.most = max(1, most) }

    /// Takes one of this second's explanations: how many were left out since the last one; nil when there is none left.
    /// - Parameters:
    ///   - second: that of now, by any clock.
    ///   - caller: the user among whose explanations it counts; nil for all who are not told apart.
    package func take(at second: Int64, for caller: UInt32? = nil) -> Int? {
        state.withLock { state in
            if state.second != second {
                state.second = second
                state.given.removeAll(keepingCapacity: true)
            }
            let given = state.given[caller, default: 0]
            guard given < most, given > 0 || state.given.count < Self.mostCallers else {
                state.leftOut += 1
                return nil
            }
            state.given[caller] = given + 1
            defer { state.leftOut = 0 }
            return state.leftOut
        }
    }
}
