// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import NodeAgent
internal import SPIREAPI
internal import SwiftProtobuf

extension IssuerClientError {
    /// What an issuer's refusal, or a call that came to nothing, means to the agent. Facts (SPIFFE) 12.2.
    init(_ error: RPCError) {
        let code: Code =
            switch error.code {
            case .unavailable: .unavailable
            case .deadlineExceeded: .deadline
            case .resourceExhausted: .resourceExhausted
            case .permissionDenied: Self.reason(in: error) ?? .denied
            case .unauthenticated: .denied
            case .notFound: .notFound
            case .invalidArgument, .outOfRange: .invalidRequest
            case .cancelled: .cancelled
            default: .failed
            }
        self.init(code, error.message)
    }

    /// What an item of a batch that failed means.
    init(_ status: Spire_Api_Types_Status) {
        let code = Status.Code(rawValue: Int(status.code)).flatMap { RPCError.Code($0) } ?? .unknown
        self.init(RPCError(code: code, message: status.message))
    }

    /// The reason that an issuer gives in the details of its status.
    private static func reason(in error: RPCError) -> Code? {
        for bytes in error.metadata[binaryValues: "grpc-status-details-bin"] {
            guard let status = try? Google_Rpc_Status(serializedBytes: bytes) else { continue }
            for detail in status.details {
                guard let denial = try? Spire_Api_Types_PermissionDeniedDetails(unpackingAny: detail) else { continue }
                switch denial.reason {
                case .agentExpired: return .agentExpired
                case .agentNotActive: return .agentNotActive
                case .agentNotAttested: return .agentNotAttested
                case .agentBanned: return .agentBanned
                case .agentMustReattest: return .agentMustReattest
                case .unknown, .UNRECOGNIZED: continue
                }
            }
        }
        return nil
    }
}
