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
}
