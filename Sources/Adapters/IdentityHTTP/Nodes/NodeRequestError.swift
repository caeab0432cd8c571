// SPDX-License-Identifier: Apache-2.0

/// Why something that proves a node could not be asked for.
package struct NodeRequestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The address is none that is asked.
        case address = "node-address"
        /// Our own credentials for the request can't be read.
        case credentials = "node-credentials"
        /// Nobody answers, or nobody that is trusted.
        case unreachable = "node-unreachable"
        /// It took too long.
        case timedOut = "node-timeout"
        /// Another status than 200.
        case status = "node-status"
        /// More bytes than are read.
        case tooLarge = "node-too-large"
    }

    /// What is wrong.
    package let code: Code
    /// What was found, in one clause, for the log.
    package let detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    package var description: String { "\(code.rawValue): \(detail)" }
}
