// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Issuer

/// What every call of the issuer goes through: who calls, whether they may, what is written down, and what a caller is
/// told when it fails. Facts (SPIFFE) 15.2, 15.5.
///
/// The right to call is asked for each call anew: a connection outlives the SVID of its caller, and a ban counts at once.
struct IssuerCallInterceptor: ServerInterceptor {
    let authorization: CallAuthorization
    let log: AccessLog
    let anonymous: AnonymousCalls

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next:
            @concurrent @Sendable (StreamingServerRequest<Input>, ServerContext) async throws ->
            StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        let (call, seat) = try await admit(context, request.metadata)
        var context = context
        context.transportSpecific = call
        var response: StreamingServerResponse<Output>
        do {
            response = try await next(request, context)
        } catch {
            throw await ended(call, error)
        }
        switch response.accepted {
        case .failure(let error):
            throw await ended(call, error)
        case .success(var contents):
            // A call with one answer has been served by now, one with a stream of answers is served by its producer. What
            // is handed out has been recorded before.
            if !call.method.streams { try await concluded(call) }
            let producer = contents.producer
            contents.producer = { writer in
                defer { withExtendedLifetime(seat) {} }
                let trailer: Metadata
                do {
                    trailer = try await producer(writer)
                } catch {
                    throw await ended(call, error)
                }
                try await concluded(call)
                return trailer
            }
            response.accepted = .success(contents)
            return response
        }
    }

    private func admit(
        _ context: ServerContext, _ metadata: Metadata
    ) async throws(RPCError) -> (IssuerCall, AnonymousCalls.Seat?) {
        let path = "/" + context.descriptor.fullyQualifiedMethod
        let caller = (context.transportSpecific as? IssuerPeer)?.caller ?? .unknown
        let requestID: String
        do {
            requestID = try RequestID.random()
        } catch {
            throw RPCError(code: .internalError, message: "internal error")
        }
        do throws(IssuerError) {
            guard let method = IssuerMethod(rawValue: path) else {
                throw IssuerError(.permissionDenied, "authorization denied for method \(path)")
            }
            let grant = try await authorization.authorize(caller, method)
            let seat = try anonymous.seat(for: caller)
            let call = IssuerCall(
                method: method, requestID: requestID, caller: caller, grant: grant,
                deadline: CallDeadline.duration(in: metadata), log: log)
            return (call, seat)
        } catch {
            log.refuse(method: path, requestID: requestID, caller: caller, error)
            throw RPCError(error)
        }
    }

    private func concluded(_ call: IssuerCall) async throws(RPCError) {
        do {
            try await call.conclude()
        } catch {
            throw RPCError(error)
        }
    }

    /// What a caller is told about a failed call. When even the failure can't be recorded, that is told.
    private func ended(_ call: IssuerCall, _ error: any Error) async -> RPCError {
        let failure = IssuerError.telling(error)
        do throws(IssuerError) {
            try await log.conclude(call, failure: failure)
        } catch {
            return RPCError(error)
        }
        return RPCError(failure)
    }
}

/// The time that a client gives a call, from the header that carries it.
enum CallDeadline {
    /// At most eight digits and a unit; nil for none, or one that can't be read.
    static func duration(in metadata: Metadata) -> Duration? {
        for text in metadata[stringValues: "grpc-timeout"] { return duration(text) }
        return nil
    }

    static func duration(_ text: String) -> Duration? {
        let digits = text.utf8.dropLast()
        guard (1...8).contains(digits.count),
            digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let count = Int64(text.dropLast()), let unit = text.utf8.last
        else { return nil }
        return switch unit {
        case UInt8(ascii: "H"): .seconds(count * 3600)
        case UInt8(ascii: "M"): .seconds(count * 60)
        case UInt8(ascii: "S"): .seconds(count)
        case UInt8(ascii: "m"): .milliseconds(count)
        case UInt8(ascii: "u"): .microseconds(count)
        case UInt8(ascii: "n"): .nanoseconds(count)
        default: nil
        }
    }
}

extension IssuerMethod {
    /// Whether the answers are a stream.
    var streams: Bool { self == .attestAgent || self == .syncAuthorizedEntries || self == .watchHealth }
}
