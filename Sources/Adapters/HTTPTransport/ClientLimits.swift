// SPDX-License-Identifier: Apache-2.0

/// What a client takes from a peer before it gives up.
public struct ClientLimits: Sendable, Hashable {
    /// Most bytes of one line of an event stream.
    public var eventLineBytes = 4 * 1024 * 1024
    /// Most bytes of one event.
    public var eventBytes = 4 * 1024 * 1024
    /// Most connections to one peer at a time.
    public var connectionsPerPeer = 8
    /// How long a connection may take to open.
    public var connect = Duration.seconds(5)
    /// How long a conversation over TCP may take as a whole; a peer that always says a little more is never idle.
    public var conversation = Duration.seconds(120)

    /// The standard limits.
    public init() {}
}
