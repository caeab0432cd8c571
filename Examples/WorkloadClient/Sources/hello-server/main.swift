// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import SPIFFE
import WorkloadClient

// usage: hello-server PORT SPIFFE-ID
let arguments = CommandLine.arguments
guard arguments.count == 3, let port = Int(arguments[1]) else {
    print("usage: hello-server PORT SPIFFE-ID")
    throw CancellationError()
}
let client = try SPIFFEID(arguments[2])

let source = X509Source(try WorkloadAPIClient())
try await source.whileRunning {
    let tls = MutualTLS(source, authorizer: .exactly(client))
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(host: "127.0.0.1", port: port) { channel in
            tls.accept(channel) { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: $0) }
        }
    print("listening as", try await source.x509SVID().id)
    try await listener.executeThenClose { connections in
        try await withThrowingDiscardingTaskGroup { group in
            for try await connection in connections {
                group.addTask { await greet(connection) }
            }
        }
    }
}

func greet(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
    do {
        try await connection.executeThenClose { inbound, outbound in
            for try await _ in inbound {
                guard let peer = await MutualTLS.peerID(of: connection.channel) else { return }
                try await outbound.write(ByteBuffer(string: "hello, \(peer)\n"))
                return
            }
        }
    } catch {
        print("a connection ended:", error)
    }
}
