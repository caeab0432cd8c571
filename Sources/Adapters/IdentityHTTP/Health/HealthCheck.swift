// SPDX-License-Identifier: Apache-2.0

/// One part of a process, and how to ask whether it is well.
package struct HealthCheck: Sendable {
    /// What a part says of itself.
    package struct Finding: Hashable, Sendable {
        /// Whether the process could go on if it were only for this part; false asks for a restart.
        package let isLive: Bool
        /// Whether the part can do its work now.
        package let isReady: Bool
        /// Why not, or what it rests on, for operators: no secrets, since nobody is asked who he is.
        package let detail: String

        /// A finding.
        package init(isLive: Bool, isReady: Bool, detail: String = "") {
            self.isLive = isLive
            self.isReady = isReady
            self.detail = detail
        }

        /// All is well.
        package static let healthy = Finding(isLive: true, isReady: true)

        /// All is well, and something is to be known about it: `?verbose` shows it.
        package static func healthy(_ detail: String) -> Finding {
            Finding(isLive: true, isReady: true, detail: detail)
        }

        /// It lives, but can't work now.
        package static func notReady(_ detail: String) -> Finding {
            Finding(isLive: true, isReady: false, detail: detail)
        }
    }

    /// Names the part, such as `server.ca`.
    package let name: String
    let ask: @Sendable () async -> Finding

    /// A check. `ask` is asked for each request, and given up when it takes too long.
    package init(_ name: String, ask: @escaping @Sendable () async -> Finding) {
        self.name = name
        self.ask = ask
    }
}
