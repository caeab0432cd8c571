// SPDX-License-Identifier: Apache-2.0

/// What one listener spends on those who connect to it.
package struct ListenerLimits: Sendable, Hashable {
    /// Most connections at a time.
    package var connections = 4096
    /// Most connections at a time of one user (Unix socket) or one network (TCP).
    package var connectionsPerSource = 1024
    /// Most connections at a time of one process; Unix sockets only.
    package var connectionsPerProcess = 256
    /// Most calls at a time on one connection.
    package var callsPerConnection = 100
    /// Most bytes of a request's message.
    package var messageBytes = 4 << 20
    /// How long a connection may have no call before it is closed.
    package var idle = Duration.seconds(300)
    /// How long a connection may last; its calls are then finished, and clients connect anew. Nil for ever.
    package var age: Duration?
    /// How long calls may go on after their connection was told to end.
    package var grace = Duration.seconds(10)

    /// What a Unix socket gets.
    package static let local = ListenerLimits()

    /// What a TLS port gets: connections end after 3 minutes, so that agents spread over issuers and every peer shows
    /// its certificate again. Facts (SPIFFE) 15.1.
    package static let remote: ListenerLimits = {
        var limits = ListenerLimits()
        limits.connectionsPerSource = 512
        limits.idle = .seconds(60)
        limits.age = .seconds(180)
        return limits
    }()

    /// The standard limits.
    package init() {}

    /// These limits, lowered to what a process may have open: a limit that is never reached makes no room, and whoever
    /// opens connections and leaves them would lock all others out.
    /// - Parameter files: most descriptors of the process.
    func fitting(openFiles files: Int) -> ListenerLimits {
        // A connection takes up to three: its socket, and two for the process at its other end.
        let room = max(4, (files - Self.reservedFiles) / 3)
        var fitting = self
        fitting.connections = min(connections, room)
        fitting.connectionsPerSource = min(connectionsPerSource, max(1, room * 3 / 4))
        fitting.connectionsPerProcess = min(connectionsPerProcess, max(1, room / 4))
        return fitting
    }

    /// What is left to stores, other listeners and clients.
    private static let reservedFiles = 128
}
