// SPDX-License-Identifier: Apache-2.0

public import GRPCCore
public import NodeAgent

extension WorkloadDenial: RPCErrorConvertible {
    /// The status of facts (SPIFFE) 8.1.
    public var rpcErrorCode: RPCError.Code {
        switch status {
        case .invalidArgument: .invalidArgument
        case .permissionDenied: .permissionDenied
        case .unavailable: .unavailable
        }
    }

    /// What is said on the wire.
    public var rpcErrorMessage: String { message }
}
