// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import KelmarkConcurrency
internal import Logging
internal import NodeAgent
internal import SPIFFE

/// Gives each call a name, and writes down under it who was refused what and why; the caller is told no more than is meant
/// for him. It stands before all that may refuse a call, save what finds out who calls.
///
/// The issuer's own services have ``IssuerCallInterceptor`` instead, which knows more.
struct RefusalInterceptor: ServerInterceptor {
    private let logger: Logger
    private let now: @Sendable () -> CertificateTime
    private let caller: @Sendable (ServerContext) -> LoggedCaller
    private let limit = ExplanationLimit()

    /// - Parameters:
    ///   - now: by which lines are counted: anybody who reaches a socket may be refused as often as he likes.
    ///   - caller: who calls.
    init(
        logger: Logger, now: @escaping @Sendable () -> CertificateTime = { SystemAgentClock().now() },
        caller: @escaping @Sendable (ServerContext) -> LoggedCaller
    ) {
        self.logger = logger
        self.now = now
        self.caller = caller
    }

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next:
            @concurrent @Sendable (StreamingServerRequest<Input>, ServerContext) async throws ->
            StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        let id: String
        do {
            id = try RequestID.random()
        } catch {
            throw RPCError(code: .internalError, message: "internal error")
        }
        var response: StreamingServerResponse<Output>
        do {
            response = try await CallID.$current.withValue(id) { try await next(request, context) }
        } catch {
            throw refused(error, id, context)
        }
        switch response.accepted {
        case .failure(let error):
            throw refused(error, id, context)
        case .success(var contents):
            let produce = contents.producer
            contents.producer = { writer in
                do {
                    return try await CallID.$current.withValue(id) { try await produce(writer) }
                } catch {
                    throw refused(error, id, context)
                }
            }
            response.accepted = .success(contents)
            return response
        }
    }

    /// What the caller is told. Who has gone is not refused.
    private func refused(_ error: any Error, _ id: String, _ context: ServerContext) -> RPCError {
        let refusal = CallRefusal(error)
        if !Task.isCancelled, !context.cancellation.isCancelled {
            let caller = caller(context)
            logger.log(
                level: Self.level(of: refusal.code), "call refused", within: limit, at: now(), of: caller.uid
            ) {
                var line = caller.fields
                line["method"] = "/\(context.descriptor.fullyQualifiedMethod)"
                line["request_id"] = "\(id)"
                line["status_code"] = "\(refusal.code.logName)"
                line["status_message"] = "\(refusal.message)"
                if !refusal.detail.isEmpty { line["error"] = "\(refusal.detail.cutForLog)" }
                return line
            }
        }
        return RPCError(code: refusal.code, message: refusal.message)
    }

    /// What the process itself should not have let happen is an error; who can't be served for now is a warning.
    private static func level(of code: RPCError.Code) -> Logger.Level {
        switch code {
        case .internalError: .error
        case .unavailable, .resourceExhausted: .warning
        default: .info
        }
    }
}

/// Who calls, in words for the log.
struct LoggedCaller {
    /// The user among whose lines a refusal counts; nil for whoever is not told apart.
    var uid: UInt32?
    var fields: Logger.Metadata = [:]
}
