// SPDX-License-Identifier: Apache-2.0

/// Why a bundle could not be fetched. A poller tries again at its next interval, whatever the reason.
package struct BundleFetchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The URL is no `https` URL without user info and fragment.
        case url = "bundle-url"
        /// Nothing is known of the trust domain of the endpoint's ID, so that nobody could prove to be it.
        case noEndpointBundle = "bundle-endpoint-unknown"
        /// No connection.
        case unreachable = "bundle-unreachable"
        /// The endpoint did not prove that it is the one.
        case untrusted = "bundle-endpoint-untrusted"
        /// It took too long.
        case timedOut = "bundle-timeout"
        /// Not HTTP, or it broke off.
        case protocolError = "bundle-http"
        /// Another status than 200.
        case status = "bundle-status"
        /// A redirect that can't be followed, or one too many.
        case redirect = "bundle-redirect"
        /// More bytes than are read.
        case tooLarge = "bundle-too-large"
    }

    /// What is wrong.
    package let code: Code
    /// What was found, in one clause, for the log.
    package let detail: String

    init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    package var description: String { detail.isEmpty ? code.rawValue : "\(code.rawValue): \(detail)" }
}
