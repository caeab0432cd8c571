// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Synchronization

/// Tells a ``CallMeter`` of every call when it begins and when its last answer is out. It stands before all other
/// interceptors, so that calls which those refuse are counted too.
struct CallMeterInterceptor: ServerInterceptor {
    let meter: CallMeter

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next:
            @concurrent @Sendable (StreamingServerRequest<Input>, ServerContext) async throws ->
            StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        let call = RunningCall(context.descriptor, by: meter)
        var response: StreamingServerResponse<Output>
        do {
            response = try await next(request, context)
        } catch {
            call.end(Self.status(of: error))
            throw error
        }
        switch response.accepted {
        case .failure(let error): call.end(Self.status(of: error))
        case .success(var contents):
            let produce = contents.producer
            contents.producer = { writer in
                do {
                    let trailer = try await produce(writer)
                    call.end("OK")
                    return trailer
                } catch {
                    call.end(Self.status(of: error))
                    throw error
                }
            }
            response.accepted = .success(contents)
        }
        return response
    }

    /// The name of the status that the library makes of an error.
    static func status(of error: any Error) -> String {
        switch error {
        case let error as RPCError: error.code.canonicalName
        case let error as any RPCErrorConvertible: error.rpcErrorCode.canonicalName
        case is CancellationError: RPCError.Code.cancelled.canonicalName
        default: RPCError.Code.unknown.canonicalName
        }
    }
}

/// A call that goes on. Its answer may never be asked for, when the caller has gone by then: what is left of the call ends
/// it then.
private final class RunningCall: Sendable {
    private let meter: CallMeter
    private let descriptor: MethodDescriptor
    private let start: ContinuousClock.Instant
    private let isOver = Atomic(false)

    init(_ descriptor: MethodDescriptor, by meter: CallMeter) {
        self.meter = meter
        self.descriptor = descriptor
        start = meter.began(descriptor)
    }

    deinit { end(RPCError.Code.cancelled.canonicalName) }

    /// Counts the call, once.
    func end(_ status: String) {
        guard !isOver.exchange(true, ordering: .acquiringAndReleasing) else { return }
        meter.ended(descriptor, since: start, status)
    }
}

extension RPCError.Code {
    /// As the standard of gRPC spells it.
    var canonicalName: String {
        switch self {
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internalError: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        default: "UNKNOWN"
        }
    }
}
