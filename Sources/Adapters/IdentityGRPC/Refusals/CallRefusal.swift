// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import NodeAgent

/// Why a call fails: what its caller is told, and what only the log says.
struct CallRefusal: Sendable {
    /// Most bytes of a message that is sent. Many repeat what the caller said, which may be as long as a request; a status
    /// travels in a header, and who has too long a one loses the whole connection.
    static let longestMessage = 1_024

    let code: RPCError.Code
    let message: String
    /// The words that stay here; empty where the message says it all.
    let detail: String

    /// What is to be said about any failure of a call to an agent. What is not an answer of our own is told in words of
    /// ours: the library and the code below it name what is inside.
    init(_ error: any Error) {
        switch error {
        case let error as WorkloadDenial:
            (code, detail) = (error.rpcErrorCode, "")
            message = error.message.cut(toBytes: Self.longestMessage)
        case let error as RPCError where error.cause is WorkloadDenial:
            // Between two interceptors, the library has made an error of its own of ours.
            (code, detail) = (error.code, "")
            message = error.message.cut(toBytes: Self.longestMessage)
        case let error as RPCError:
            code = error.code == .unknown ? .internalError : error.code
            message = error.ownWords.cut(toBytes: Self.longestMessage)
            detail = error.description
        case is CancellationError:
            (code, message, detail) = (.cancelled, "the call was given up", "")
        default:
            (code, message, detail) = (.internalError, "internal error", "\(error)")
        }
    }
}

extension RPCError {
    /// The message in words of our own. Two codes never come from the library once a service has the call.
    var ownWords: String {
        switch code {
        case .notFound, .unimplemented: message
        case .invalidArgument: "malformed request"
        case .resourceExhausted: "request is too large"
        case .cancelled, .deadlineExceeded: "the call was given up"
        case .unavailable: "the connection is gone"
        default: "internal error"
        }
    }
}

extension RPCError.Code {
    /// As logs write it: `InvalidArgument`.
    var logName: String {
        canonicalName.split(separator: "_").map { $0.prefix(1) + $0.dropFirst().lowercased() }.joined()
    }
}
