// SPDX-License-Identifier: Apache-2.0

public import KERI

/// What a witness does for whom.
public struct WitnessPolicy: Sendable {
    /// The controllers that get receipts and mailboxes; nil for everybody who names it as witness. The logs of others are
    /// followed all the same, for delegators and senders of messages must be known; as by anybody who is no witness.
    public var controllers: Set<AID>?
    /// Whether it signs the events of registries that name it as backer.
    public var backsRegistries: Bool
    /// Whether `GET /query` is answered, which nobody signs. OOBIs always are: they are how a log is found.
    public var answersUnsignedQueries: Bool
    /// How often one source may ask. Large answers count as several questions.
    public var rate: RequestRate
    /// Where it can be reached; it says so in signed replies.
    public var urls: [PeerURL]
    /// Most messages in one request.
    public var maximumMessages: Int
    /// Most bytes of one message in a mailbox.
    public var maximumMail: Int
    /// Bounds of the event streams that read mailboxes.
    public var streams: MailboxStreamLimits
    /// How old or how far in the future the query of a mailbox may be dated, in seconds: who overhears one can't use it
    /// for long.
    public var queryTolerance: Int64

    /// Collects a policy.
    public init(
        controllers: Set<AID>? = nil, answersUnsignedQueries: Bool = false, rate: RequestRate = RequestRate(),
        urls: [PeerURL] = [], maximumMessages: Int = 10_000, maximumMail: Int = 256 << 10,
        streams: MailboxStreamLimits = MailboxStreamLimits(), queryTolerance: Int64 = 900,
        backsRegistries: Bool = true
    ) {
        self.backsRegistries = backsRegistries
        self.controllers = controllers
        self.answersUnsignedQueries = answersUnsignedQueries
        self.rate = rate
        self.urls = urls
        self.maximumMessages = maximumMessages
        self.maximumMail = maximumMail
        self.streams = streams
        self.queryTolerance = queryTolerance
    }

    func serves(_ controller: AID) -> Bool { controllers?.contains(controller) ?? true }
}
