// SPDX-License-Identifier: Apache-2.0

public import KERI

/// One exchange about a credential: its messages in order, and who must act next (facts 13.7).
///
/// Two parties take turns. Every message but the first answers the one before, and each gets one answer: so an exchange
/// is a line without forks, and a message that comes again changes nothing.
public struct ExchangeThread: Hashable, Sendable {
    /// One message that was taken.
    public struct Step: Hashable, Sendable {
        /// Which of the messages it is.
        public let kind: CredentialExchangeKind
        /// Its digest.
        public let said: SAID
        /// Who sent it.
        public let sender: AID
        /// When its author says it was made.
        public let dated: Timestamp
    }

    /// What the credential is known to be, as far as the messages have said.
    public struct Subject: Hashable, Sendable {
        /// The schema that was asked for or shown.
        public let schema: SAID
        /// The issuer that was shown.
        public let issuer: AID?
        /// The digest of the credential that was shown; the granted one may show more and have another.
        public let credential: SAID?
    }

    /// Who begins.
    public let opener: AID
    /// The other one.
    public let partner: AID
    /// The messages in order; never empty.
    public private(set) var steps: [Step]
    /// What it is about.
    public private(set) var subject: Subject

    /// Begins an exchange.
    ///
    /// - Parameters:
    ///   - message: the first message.
    ///   - recipient: who got it; what the message says must agree.
    /// - Throws: ``ExchangeRefusal`` `cannotOpen`, `unknownPrior`, `wrongRecipient`, `wrongDiscloser`.
    public init(opening message: CredentialExchange, to recipient: AID) throws(ExchangeRefusal) {
        guard message.prior == nil else { throw .unknownPrior }
        guard message.kind.mayOpen, let subject = Subject(message) else { throw .cannotOpen }
        guard message.recipient ?? recipient == recipient, message.sender != recipient else { throw .wrongRecipient }
        try message.checkDiscloser()
        opener = message.sender
        partner = recipient
        steps = [Step(message)]
        self.subject = subject
    }

    /// Names the exchange: the digest of its first message.
    public var id: SAID { steps[0].said }
    /// The latest message.
    public var latest: Step { steps[steps.count - 1] }
    /// Who has or issues the credential.
    public var discloser: AID { steps[0].kind == .apply ? partner : opener }
    /// Who gets it.
    public var disclosee: AID { steps[0].kind == .apply ? opener : partner }
    /// What may come next; empty when the exchange is over.
    public var expected: [CredentialExchangeKind] { latest.kind.successors }
    /// Whether nothing more can come.
    public var isOver: Bool { expected.isEmpty }
    /// Who must act, nil when the exchange is over.
    public var actor: AID? { isOver ? nil : other(than: latest.sender) }

    /// The one of the two who is not `aid`.
    public func other(than aid: AID) -> AID { aid == opener ? partner : opener }

    /// Takes the next message.
    /// - Returns: whether it is new; one that was taken before changes nothing.
    /// - Throws: ``ExchangeRefusal``; nothing has changed then.
    @discardableResult
    public mutating func take(_ message: CredentialExchange, to recipient: AID) throws(ExchangeRefusal) -> Bool {
        if steps.contains(where: { $0.said == message.said }) { return false }
        guard let place = steps.firstIndex(where: { $0.said == message.prior }) else { throw .unknownPrior }
        let prior = steps[place]
        guard message.kind.predecessors.contains(prior.kind) else { throw .wrongPrior }
        guard message.sender != prior.sender, message.sender == opener || message.sender == partner else {
            throw .wrongSender
        }
        guard recipient == prior.sender, message.recipient ?? recipient == recipient else { throw .wrongRecipient }
        guard place == steps.count - 1 else { throw .answered }
        if let credential = message.credential {
            try message.checkDiscloser()
            guard credential.schema == subject.schema else { throw .wrongSchema }
            guard subject.issuer ?? credential.issuer == credential.issuer else { throw .otherCredential }
            subject = Subject(credential)
        }
        steps.append(Step(message))
        return true
    }
}

extension ExchangeThread.Step {
    fileprivate init(_ message: CredentialExchange) {
        self.init(kind: message.kind, said: message.said, sender: message.sender, dated: message.dated)
    }
}

extension ExchangeThread.Subject {
    fileprivate init?(_ message: CredentialExchange) {
        if case .apply(let schema, _) = message.content {
            self.init(schema: schema, issuer: nil, credential: nil)
        } else {
            guard let credential = message.credential else { return nil }
            self.init(credential)
        }
    }

    fileprivate init(_ credential: DisclosedCredential) {
        self.init(schema: credential.schema, issuer: credential.issuer, credential: credential.said)
    }
}

extension CredentialExchange {
    /// Only the issuer and the one to whom it is issued hand a targeted credential over; who has just seen it does not.
    /// An offer may hide the target, since nothing is handed over by it.
    fileprivate func checkDiscloser() throws(ExchangeRefusal) {
        guard let credential else { return }
        if kind == .offer, credential.target == .undisclosed { return }
        guard credential.target.mayBeHandedOver(by: sender, issuer: credential.issuer) else { throw .wrongDiscloser }
    }
}
