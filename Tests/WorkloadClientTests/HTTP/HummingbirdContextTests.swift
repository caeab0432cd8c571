// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Hummingbird
import Logging
import NIOCore
import SPIFFE
import Testing
import WorkloadClient
import WorkloadClientHTTP
import WorkloadClientHummingbird
import WorkloadTestKit

/// Whose request it is: the context of the documentation.
private struct CallContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

@Suite(.timeLimit(.minutes(1)))
struct HummingbirdContextTests {
    @Test func handlersKnowWhoCalls() async throws {
        let domain = try TestTrustDomain()
        let bundles = try BundleMap([domain.bundle()])
        let server = StaticSource(svid: try domain.svid("/server"), bundles: bundles)
        let client = StaticSource(svid: try domain.svid("/client"), bundles: bundles)
        let router = Router(context: CallContext.self)
        router.get("/") { _, context in
            guard let caller = await MutualTLS.peerID(of: context.channel) else { throw HTTPError(.unauthorized) }
            return "hello, \(caller)"
        }
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, server: .mutualTLS(MutualTLS(server, authorizer: .member(of: domain.trustDomain))),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { found.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            defer { group.cancelAll() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let text = try await MutualTLSHTTPClient.with(MutualTLS(client, authorizer: .any)) { client in
                let answer = try await client.execute(
                    HTTPClientRequest(url: "https://127.0.0.1:\(port)/"), timeout: .seconds(20))
                return String(buffer: try await answer.body.collect(upTo: 1000))
            }
            #expect(text == "hello, spiffe://example.org/client")
        }
    }
}
