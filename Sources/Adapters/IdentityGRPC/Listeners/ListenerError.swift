// SPDX-License-Identifier: Apache-2.0

/// Why nothing can be listened at.
package struct ListenerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    package enum Code: String, Hashable, Sendable {
        /// The path has more bytes than a socket address takes, or none.
        case pathLength = "listener-path-length"
        /// Something that is no socket is at the path.
        case notASocket = "listener-not-a-socket"
        /// Somebody else could replace the socket in its folder.
        case folder = "listener-folder"
        /// Somebody answers at the path.
        case inUse = "listener-in-use"
        /// A descriptor that was handed over is no listening socket of the kind that is needed.
        case descriptor = "listener-descriptor"
        /// The system refused.
        case system = "listener-system"
    }

    /// What is wrong.
    package let code: Code
    /// Where.
    package let address: String
    /// What the system says; empty where it was not asked.
    package let detail: String

    init(_ code: Code, _ address: String, detail: String = "") {
        self.code = code
        self.address = address
        self.detail = detail
    }

    /// Code, address and detail.
    package var description: String {
        [code.rawValue, address, detail].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
