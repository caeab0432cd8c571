// SPDX-License-Identifier: Apache-2.0

/// What one server spends on those who connect to it.
public struct ServerLimits: Sendable, Hashable {
    /// Most connections at a time.
    public var connections = 4096
    /// Most connections at a time from one address.
    public var connectionsPerSource = 256
    /// Most bytes of a request's head; keripy puts attachments of up to 64 KiB into one header.
    public var headBytes = 80 * 1024
    /// Most bytes of a request's body.
    public var bodyBytes = 4 * 1024 * 1024
    /// How long a head and a body may take to arrive.
    public var arrival = Duration.seconds(20)
    /// How long a connection may rest between requests.
    public var idle = Duration.seconds(60)
    /// How long a peer may take to read what it was sent.
    public var departure = Duration.seconds(30)
    /// Most event streams at a time from one address.
    public var streamsPerSource = 64

    /// The standard limits.
    public init() {}

    /// These limits, lowered to what a process may have open: a limit that is never reached makes no room, and connections
    /// must leave something to stores and to other listeners.
    /// - Parameter files: most descriptors of the process.
    func fitting(openFiles files: Int) -> ServerLimits {
        var fitting = self
        fitting.connections = min(connections, max(4, files / 4))
        return fitting
    }
}
