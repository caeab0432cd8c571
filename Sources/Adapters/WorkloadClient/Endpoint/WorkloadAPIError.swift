// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore

/// Why the Workload API gave nothing. Facts (SPIFFE) 8.1.
public struct WorkloadAPIError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The stable text.
        public let rawValue: String

        /// A code by its text.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// No address was given, neither by the caller nor by `SPIFFE_ENDPOINT_SOCKET`, or it is none.
        public static let noEndpoint = Code(rawValue: "workload-no-endpoint")
        /// The endpoint refuses what was asked: asking again does not help.
        public static let invalidArgument = Code(rawValue: "workload-invalid-argument")
        /// There is no identity for this process now. What it has from before must not be used any more.
        public static let permissionDenied = Code(rawValue: "workload-permission-denied")
        /// Nobody answers, or somebody who can't now.
        public static let unavailable = Code(rawValue: "workload-unavailable")
        /// The endpoint does not offer this.
        public static let unimplemented = Code(rawValue: "workload-unimplemented")
        /// It took too long.
        public static let deadlineExceeded = Code(rawValue: "workload-deadline")
        /// The answer breaks a rule; nothing of it is used.
        public static let malformed = Code(rawValue: "workload-malformed")
        /// The caller's task was cancelled.
        public static let cancelled = Code(rawValue: "workload-cancelled")
        /// The own identity has expired, and no newer one has come: it is not shown any more.
        public static let expired = Code(rawValue: "workload-svid-expired")
        /// None of the identities is the one that the application wants.
        public static let notFound = Code(rawValue: "workload-svid-not-found")
        /// Any other status.
        public static let other = Code(rawValue: "workload-other")

        /// The stable text.
        public var description: String { rawValue }
    }

    /// What is wrong.
    public let code: Code
    /// What was found, in one clause, for the log; never a key or a token.
    public let message: String

    /// An error.
    public init(_ code: Code, _ message: String = "") {
        self.code = code
        self.message = message
    }

    /// What a failed call says.
    init(_ error: any Error) {
        switch error {
        case let error as WorkloadAPIError: self = error
        case let error as RPCError: self.init(Self.code(of: error.code), error.message)
        case is CancellationError: self.init(.cancelled)
        default: self.init(.unavailable, "\(error)")
        }
    }

    private static func code(of code: RPCError.Code) -> Code {
        switch code {
        case .invalidArgument: .invalidArgument
        case .permissionDenied: .permissionDenied
        case .unavailable: .unavailable
        case .unimplemented: .unimplemented
        case .deadlineExceeded: .deadlineExceeded
        case .cancelled: .cancelled
        default: .other
        }
    }

    /// Whether asking again can't help.
    var isFinal: Bool { code == .invalidArgument || code == .unimplemented || code == .noEndpoint }

    /// Code and message.
    public var description: String { message.isEmpty ? code.rawValue : "\(code.rawValue): \(message)" }
}
