// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import SPIFFE
import WorkloadClient

// usage: hello-client HOST PORT SPIFFE-ID
let arguments = CommandLine.arguments
guard arguments.count == 4, let port = Int(arguments[2]) else {
    print("usage: hello-client HOST PORT SPIFFE-ID")
    throw CancellationError()
}
let server = try SPIFFEID(arguments[3])

let source = X509Source(try WorkloadAPIClient())
try await source.whileRunning {
    let tls = MutualTLS(source, authorizer: .exactly(server))
    let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: arguments[1], port: port) { channel in
            tls.addClientHandler(to: channel).flatMapThrowing {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    try await connection.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: "hello"))
        for try await chunk in inbound { print(String(buffer: chunk), terminator: "") }
    }
}
