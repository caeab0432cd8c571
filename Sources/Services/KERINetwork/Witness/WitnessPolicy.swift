// SPDX-License-Identifier: Apache-2.0

public import KERI

/// What a witness does for whom.
public struct WitnessPolicy: Sendable {
    /// The controllers that it serves; nil for everybody who names it as witness.
    public var controllers: Set<AID>?
    /// Whether `GET /query` is answered, which nobody signs. OOBIs always are: they are how a log is found.
    public var answersUnsignedQueries: Bool
    /// How often one source may ask.
    public var rate: RequestRate
    /// Where it can be reached; it says so in signed replies.
    public var urls: [PeerURL]
    /// Bounds of what is read.
    public var maximumMessages: Int

    /// Collects a policy.
    public init(
        controllers: Set<AID>? = nil, answersUnsignedQueries: Bool = false, rate: RequestRate = RequestRate(),
        urls: [PeerURL] = [], maximumMessages: Int = 10_000
    ) {
        self.controllers = controllers
        self.answersUnsignedQueries = answersUnsignedQueries
        self.rate = rate
        self.urls = urls
        self.maximumMessages = maximumMessages
    }
}
