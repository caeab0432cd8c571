// SPDX-License-Identifier: Apache-2.0

package import SPIFFE
private import Synchronization

/// How often the log explains why somebody gets nothing: who asks all the time must neither fill the disk nor keep the
/// process comparing entries.
package final class ExplanationLimit: Sendable {
    private struct State {
        var second: CertificateTime?
        var given = 0
        var leftOut = 0
    }

    private let most: Int
    private let state = Mutex(State())

    /// - Parameter most: how many explanations one second has.
    package init(most: Int = 20) { self.most = max(1, most) }

    /// Takes one of this second's explanations: how many were left out since the last one; nil when there is none left.
    package func take(at now: CertificateTime) -> Int? {
        state.withLock { state in
            if state.second != now {
                state.second = now
                state.given = 0
            }
            guard state.given < most else {
                state.leftOut += 1
                return nil
            }
            state.given += 1
            defer { state.leftOut = 0 }
            return state.leftOut
        }
    }
}
