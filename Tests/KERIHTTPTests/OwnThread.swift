// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// Runs what blocks on a thread that no task needs: the pool of tasks has two here.
func onOwnThread<R: Sendable>(_ work: @escaping @Sendable () -> R) async -> R {
    await withCheckedContinuation { continuation in
        DispatchQueue(label: "raw socket").async { continuation.resume(returning: work()) }
    }
}
