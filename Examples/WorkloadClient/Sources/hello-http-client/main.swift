// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import SPIFFE
import WorkloadClient
import WorkloadClientHTTP

// usage: hello-http-client URL SPIFFE-ID
let arguments = CommandLine.arguments
guard arguments.count == 3 else {
    print("usage: hello-http-client URL SPIFFE-ID")
    throw CancellationError()
}
let server = try SPIFFEID(arguments[2])

let source = X509Source(try WorkloadAPIClient())
try await source.whileRunning {
    try await MutualTLSHTTPClient.with(MutualTLS(source, authorizer: .exactly(server))) { client in
        let answer = try await client.execute(HTTPClientRequest(url: arguments[1]), timeout: .seconds(10))
        print(String(buffer: try await answer.body.collect(upTo: 1 << 20)), terminator: "")
    }
}
