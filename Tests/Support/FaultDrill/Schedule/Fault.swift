// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a witness for a while.
package enum Fault: String, Hashable, Sendable, CaseIterable {
    /// Its process is killed and comes back later on the same store.
    case killed
    /// Its process is stopped, and continued later.
    case paused
    /// Connections are closed before anything reaches it.
    case deaf
    /// It gets what is sent, and its answer is lost.
    case mute
    /// Random bytes take the place of its answer.
    case noise
    /// It answers that it does not work.
    case failing
    /// Its answer ends somewhere.
    case truncated
    /// Its answer comes when nobody waits any more.
    case late
    /// One character of its receipt is another one.
    case altered
    /// It answers with the receipt of an earlier event.
    case stale

    /// Whether it is done to the process and not on the way to it.
    package var isOfProcess: Bool { self == .killed || self == .paused }
}
