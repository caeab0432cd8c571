// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Issuer
internal import SPIREAPI
internal import SwiftProtobuf

extension IssuerError.Code {
    /// The gRPC status that says the same.
    var rpcCode: RPCError.Code {
        switch self {
        case .invalidArgument: .invalidArgument
        case .notFound: .notFound
        case .alreadyExists: .alreadyExists
        case .permissionDenied: .permissionDenied
        case .failedPrecondition: .failedPrecondition
        case .resourceExhausted: .resourceExhausted
        case .deadlineExceeded: .deadlineExceeded
        case .unavailable: .unavailable
        case .unimplemented: .unimplemented
        case .internal: .internalError
        }
    }

    /// The status as logs write it, in the words that gRPC has for it.
    var statusName: String { rpcCode.logName }
}

extension IssuerError.Reason {
    var wire: Spire_Api_Types_PermissionDeniedDetails.Reason {
        switch self {
        case .agentExpired: .agentExpired
        case .agentNotAttested: .agentNotAttested
        case .agentNotActive: .agentNotActive
        case .agentBanned: .agentBanned
        case .agentMustReattest: .agentMustReattest
        }
    }
}

extension RPCError {
    /// The key under which gRPC carries a `google.rpc.Status`.
    static let statusDetails = "grpc-status-details-bin"

    /// What a caller may read of an error: code and message, and for an agent the reason that it acts upon. The detail
    /// stays here. Facts (SPIFFE) 12.2.
    init(_ error: IssuerError) {
        self.init(code: error.code.rpcCode, message: error.wireMessage)
        guard let reason = error.reason else { return }
        var details = Spire_Api_Types_PermissionDeniedDetails()
        details.reason = reason.wire
        var status = Google_Rpc_Status()
        status.code = Int32(error.code.rpcCode.rawValue)
        status.message = error.wireMessage
        // Neither message has anything that can't be written; without the detail, the agent still sees the refusal.
        guard let packed = try? Google_Protobuf_Any(message: details) else { return }
        status.details = [packed]
        guard let bytes: [UInt8] = try? status.serializedBytes() else { return }
        metadata.addBinary(bytes, forKey: Self.statusDetails)
    }
}

extension IssuerError {
    /// The message as callers get it.
    var wireMessage: String { message.cut(toBytes: CallRefusal.longestMessage) }

    /// Any failure of a call as one that may be told: what is not an answer of the issuer's own is `internal`, and its
    /// words go to the log.
    static func telling(_ error: any Error) -> IssuerError {
        switch error {
        case let error as IssuerError: return error
        case is CancellationError: return IssuerError(.deadlineExceeded, "the call was given up")
        case let error as RPCError: return IssuerError(error)
        default: return IssuerError(.internal, "internal error", cause: error)
        }
    }

    /// What gRPC itself says about a call, such as that its message can't be read; and what services say that are not
    /// the issuer's own, such as health.
    private init(_ error: RPCError) {
        let (words, detail) = (error.ownWords, error.description)
        switch error.code {
        case .notFound: self.init(.notFound, words)
        case .invalidArgument: self.init(.invalidArgument, words, detail: detail)
        case .resourceExhausted: self.init(.resourceExhausted, words, detail: detail)
        case .cancelled, .deadlineExceeded: self.init(.deadlineExceeded, words, detail: detail)
        case .unavailable: self.init(.unavailable, words, detail: detail)
        case .unimplemented: self.init(.unimplemented, words, detail: detail)
        default: self.init(.internal, words, detail: detail)
        }
    }
}
