// SPDX-License-Identifier: Apache-2.0

package import Logging

/// Under which name the log speaks of the call that the agent is busy with: callers are not told why they are refused, and
/// by this name an operator finds all that was said about it.
package enum CallID {
    /// Set by whoever took the call; nil for what the agent does by itself.
    @TaskLocal package static var current: String?
}

extension Logger {
    /// The logger for what concerns the call of this task.
    package var ofCall: Logger {
        guard let id = CallID.current else { return self }
        var named = self
        named[metadataKey: "request_id"] = "\(id)"
        return named
    }
}
