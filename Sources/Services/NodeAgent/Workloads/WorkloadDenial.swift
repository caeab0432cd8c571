// SPDX-License-Identifier: Apache-2.0

/// Why a workload does not get what it asked for: what is said on the wire, and nothing more. Why in detail is in the
/// agent's log. Facts (SPIFFE) 8.1, 8.3.
public struct WorkloadDenial: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the caller may do about it; each is one gRPC status.
    public enum Status: String, Hashable, Sendable, CaseIterable {
        /// The request is wrong; asking again is useless (3).
        case invalidArgument = "invalid-argument"
        /// Nothing for this caller, at least now (7).
        case permissionDenied = "permission-denied"
        /// Not now (14).
        case unavailable
    }

    /// What the caller may do about it.
    public let status: Status
    /// What is said on the wire.
    public let message: String

    private init(_ status: Status, _ message: String) {
        self.status = status
        self.message = message
    }

    /// No entry is for this caller.
    public static let noIdentity = WorkloadDenial(.permissionDenied, "no identity issued")
    /// Who calls could not be found out.
    public static let attestationFailed = WorkloadDenial(.unavailable, "workload attestation failed")
    /// A token without an audience was asked for.
    public static let audienceMissing = WorkloadDenial(.invalidArgument, "audience must be specified")
    /// The caller may not ask for others.
    public static let notADelegate = WorkloadDenial(
        .permissionDenied, "caller not configured as an authorized delegate")
    /// The request can't be read or does not hold; the text says what.
    public static func invalidArgument(_ message: String) -> WorkloadDenial {
        WorkloadDenial(.invalidArgument, message)
    }
    /// The agent can't answer now; the text says why in a few words.
    public static func unavailable(_ message: String) -> WorkloadDenial { WorkloadDenial(.unavailable, message) }
    /// The agent starts, or goes.
    public static let notServing = WorkloadDenial.unavailable("agent is not ready")

    /// Status and message.
    public var description: String { "\(status.rawValue): \(message)" }
}
