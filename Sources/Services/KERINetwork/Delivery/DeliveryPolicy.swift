// SPDX-License-Identifier: Apache-2.0

/// How patient we are with peers.
public struct DeliveryPolicy: Sendable, Hashable {
    /// How long one request may take.
    public var timeout = Duration.seconds(10)
    /// How often a request is tried, the first time included.
    public var attempts = 3
    /// The pause before the second try; each later one is twice as long.
    public var firstPause = Duration.milliseconds(300)
    /// Most bytes of an answer.
    public var answerBytes = 16 << 20
    /// Most bytes of an attachment that travels in a header; longer ones go with the body.
    public var headerBytes = 48 << 10

    /// Whether witnesses that also listen for bare CESR streams are reached by them instead of HTTP.
    public var prefersStreams = false

    /// The standard patience.
    public init() {}
}
