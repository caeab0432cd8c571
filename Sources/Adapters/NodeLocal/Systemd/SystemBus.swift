// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore
internal import NIOPosix
package import NodeAgent

/// systemd, asked over the system bus (D-Bus) for the unit of a process. Facts (SPIFFE) 20.5.
///
/// Three calls that every user may make, over a connection of its own each time, so that nothing is left over when an
/// answer does not come.
package struct SystemBus: SystemdClient {
    /// Where the bus listens unless told otherwise.
    package static let usualSocket = "/run/dbus/system_bus_socket"

    private let socket: String
    private let clock: any AgentClock
    private let patience: Duration
    private let places = CallPlaces(8)

    /// - Parameters:
    ///   - socket: absolute path of the bus's socket.
    ///   - clock: measures patience.
    ///   - patience: until the whole answer must be there.
    package init(socket: String = usualSocket, clock: any AgentClock, patience: Duration = .seconds(5)) {
        self.socket = socket
        self.clock = clock
        self.patience = patience
    }

    /// The unit to which a process belongs; nil for none.
    /// - Throws: `AttestorError` when the bus or systemd can't be asked.
    package func unit(ofPID pid: Int32) async throws -> SystemdUnit? {
        do {
            return try await places.use {
                try await clock.within(patience) { try await self.ask(UnitQuestion(pid: pid, uid: geteuid())) }
            }
        } catch let error as AttestorError {
            throw error
        } catch {
            throw AttestorError("the system bus at \(socket) gives no answer: \(error)")
        }
    }

    private func ask(_ opened: UnitQuestion) async throws -> SystemdUnit? {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: socket) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            var question = opened
            try await outbound.write(ByteBuffer(bytes: question.opening))
            for try await chunk in inbound {
                switch try question.receive(chunk.readableBytesView) {
                case .send(let bytes): try await outbound.write(ByteBuffer(bytes: bytes))
                case .wait: break
                case .found(let unit): return unit
                }
            }
            // The bytes end as well when we leave.
            try Task.checkCancellation()
            throw AttestorError("the system bus broke off")
        }
    }
}
