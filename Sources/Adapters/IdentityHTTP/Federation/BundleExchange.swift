// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// One request to a bundle endpoint and its answer, over one connection.
struct BundleExchange {
    enum Answer: Sendable {
        case document([UInt8])
        case redirect(String)
    }

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    let url: EndpointURL
    let proof: EndpointProof
    let limits: FetchLimits

    /// - Throws: ``BundleFetchError``.
    func run() async throws(BundleFetchError) -> Answer {
        let refusals = EndpointProof.Refusals()
        let end = Ending()
        do {
            let connection = try await connect(refusals)
            let channel = connection.channel
            let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(limits.exchange)) {
                end.timedOut()
                channel.close(promise: nil)
            }
            defer { deadline.cancel() }
            return try await connection.executeThenClose { inbound, outbound in
                try await outbound.write(contentsOf: [.head(head), .end(nil)])
                return try await read(inbound)
            }
        } catch let error as BundleFetchError {
            throw end.hasTimedOut ? BundleFetchError(.timedOut, "\(url)") : error
        } catch {
            throw translated(error, refusals.first, hasTimedOut: end.hasTimedOut)
        }
    }

    private func connect(_ refusals: EndpointProof.Refusals) async throws -> Connection {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(limits.connect))
            .connect(host: url.host, port: url.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(try proof.handler(for: url, refusals: refusals))
                    try pipeline.addHTTPClientHandlers()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
    }

    private var head: HTTPRequestHead {
        HTTPRequestHead(
            version: .http1_1, method: .GET, uri: url.target,
            headers: [
                "Host": url.authority, "Accept": "application/json", "User-Agent": "kelmark", "Connection": "close",
            ])
    }

    private func read(_ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>) async throws -> Answer {
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        for try await part in inbound {
            switch part {
            case .head(let received):
                if let redirect = try redirect(received) { return redirect }
                guard received.status == .ok else {
                    throw BundleFetchError(.status, "\(url) answers \(received.status.code)")
                }
                head = received
            case .body(let chunk):
                body.append(contentsOf: chunk.readableBytesView)
                guard body.count <= limits.documentBytes else {
                    throw BundleFetchError(.tooLarge, "more than \(limits.documentBytes) bytes")
                }
            case .end:
                guard head != nil else { break }
                return .document(body)
            }
        }
        throw BundleFetchError(.protocolError, "\(url) broke off")
    }

    private func redirect(_ head: HTTPResponseHead) throws -> Answer? {
        guard [301, 302, 303, 307, 308].contains(head.status.code) else { return nil }
        guard let location = head.headers.first(name: "location") else {
            throw BundleFetchError(.redirect, "\(url) does not say whereto")
        }
        return .redirect(location)
    }

    private func translated(_ error: any Error, _ refusal: String?, hasTimedOut: Bool) -> BundleFetchError {
        if hasTimedOut { return BundleFetchError(.timedOut, "\(url)") }
        if let refusal { return BundleFetchError(.untrusted, refusal) }
        return switch error {
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: BundleFetchError(.untrusted, "\(url): \(error)")
        case is HTTPParserError: BundleFetchError(.protocolError, "\(url): \(error)")
        default: BundleFetchError(.unreachable, "\(url): \(error)")
        }
    }

    /// Whether the deadline ended the exchange.
    private final class Ending: Sendable {
        private let state = Mutex(false)

        var hasTimedOut: Bool { state.withLock { $0 } }
        func timedOut() { state.withLock { $0 = true } }
    }
}
