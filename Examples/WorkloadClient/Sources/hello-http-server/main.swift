// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import NIOCore
import SPIFFE
import WorkloadClient
import WorkloadClientHummingbird

// usage: hello-http-server PORT SPIFFE-ID
let arguments = CommandLine.arguments
guard arguments.count == 3, let port = Int(arguments[1]) else {
    print("usage: hello-http-server PORT SPIFFE-ID")
    throw CancellationError()
}
let client = try SPIFFEID(arguments[2])

/// Hummingbird's own contexts do not keep the connection, by which the caller is known.
struct CallContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

let router = Router(context: CallContext.self)
router.get("/") { _, context in
    guard let caller = await MutualTLS.peerID(of: context.channel) else { throw HTTPError(.unauthorized) }
    return "hello, \(caller)\n"
}

let source = X509Source(try WorkloadAPIClient())
let server = Application(
    router: router, server: .mutualTLS(MutualTLS(source, authorizer: .exactly(client))),
    configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)), services: [source])
try await server.runService()
