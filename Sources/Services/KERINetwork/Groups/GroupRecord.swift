// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI

/// A group AID in which one of our AIDs takes part, or is asked to.
public struct GroupRecord: Sendable, Hashable {
    /// The group.
    public let aid: AID
    /// The name that its owner gave it; nil while nobody has agreed to anything for it.
    public var name: String?
    /// Our member.
    public let member: AID
    /// The members whose keys are in force, in the order of the keys; empty while there is no event of it in the log.
    public var signing: [AID]
    /// The members whose next digests are in force, in their order.
    public var rotation: [AID]
    /// Events that were proposed, in order of arrival: those that wait, and the latest that are settled.
    public var proposals: [GroupProposal]

    /// Collects a record.
    public init(
        aid: AID, name: String?, member: AID, signing: [AID] = [], rotation: [AID] = [],
        proposals: [GroupProposal] = []
    ) {
        self.aid = aid
        self.name = name
        self.member = member
        self.signing = signing
        self.rotation = rotation
        self.proposals = proposals
    }

    /// The proposal of an event.
    public func proposal(_ said: SAID) -> GroupProposal? { proposals.first { $0.event.said == said } }
}

/// An event of a group on its way into the log.
public struct GroupProposal: Sendable, Hashable {
    /// How far it has come.
    public enum Stage: String, Sendable, Hashable, CaseIterable {
        /// Waits for a person.
        case proposed
        /// Our member agreed; its signature is made, or will be as soon as possible.
        case approved
        /// It stands in the log.
        case accepted
        /// A person said no.
        case declined
        /// Another event stands at its place.
        case overtaken

        /// Whether it is on its way no more.
        public var isSettled: Bool { self == .accepted || self == .declined || self == .overtaken }
    }

    /// The event.
    public let event: KeyEvent
    /// The members whose keys sign it, in the order of the keys.
    public let signing: [AID]
    /// The members whose next digests stand in it, in their order; empty for an interaction.
    public let rotation: [AID]
    /// Who proposed it first.
    public let proposer: AID
    /// When it got here.
    public let since: Timestamp
    /// How far it has come.
    public internal(set) var stage: Stage
    /// Signatures that verify, one for each member that has signed, in order of their indexes.
    public internal(set) var signatures: [IndexedSignature]
    /// The members that our copy was handed over to.
    public internal(set) var sentTo: [AID]

    /// Collects a proposal.
    public init(
        event: KeyEvent, signing: [AID], rotation: [AID], proposer: AID, since: Timestamp, stage: Stage,
        signatures: [IndexedSignature] = [], sentTo: [AID] = []
    ) {
        self.event = event
        self.signing = signing
        self.rotation = rotation
        self.proposer = proposer
        self.since = since
        self.stage = stage
        self.signatures = signatures
        self.sentTo = sentTo
    }

    /// The members that have signed, in the order of the keys.
    public var signers: [AID] { signatures.map(\.index).filter(signing.indices.contains).map { signing[$0] } }
    /// The signing members that have not.
    public var missing: [AID] {
        let signed = Set(signatures.map(\.index))
        return signing.indices.filter { !signed.contains($0) }.map { signing[$0] }
    }

    /// Everybody whom it concerns.
    public var members: [AID] { signing + rotation.filter { !signing.contains($0) } }

    /// Adds a signature unless its member has signed already.
    /// - Returns: whether it is new.
    @discardableResult
    mutating func add(_ signature: IndexedSignature) -> Bool {
        guard !signatures.contains(where: { $0.index == signature.index }) else { return false }
        let place = signatures.firstIndex { $0.index > signature.index } ?? signatures.endIndex
        signatures.insert(signature, at: place)
        return true
    }
}

/// A message about a group that can't be judged before more of somebody's log arrives.
public struct UnreadGroupMessage: Sendable, Hashable {
    /// The digest of the exchange message.
    public let said: SAID
    /// Who claims to have sent it.
    public let sender: AID
    /// The message with its attachments, CESR text.
    public let message: [UInt8]
    /// When it got here.
    public let since: Timestamp
    /// What it waits for.
    public var reason: GroupError

    /// Collects a message.
    public init(said: SAID, sender: AID, message: [UInt8], since: Timestamp, reason: GroupError) {
        self.said = said
        self.sender = sender
        self.message = message
        self.since = since
        self.reason = reason
    }

    /// Most messages that are kept, in all and of one sender: anybody can claim to be anybody.
    public static let limit = (total: 64, perSender: 8)
    /// Most bytes of one, attachments included.
    public static let largest = 128 << 10
    /// How long one is kept, in seconds.
    public static let lifetime: Int64 = 7 * 86_400
}

/// Everything that must outlive a crash about groups.
public struct GroupLedger: Sendable, Hashable {
    /// The groups, in the order in which they became known.
    public var groups: [GroupRecord] = []
    /// Messages that can't be judged yet, in order of arrival.
    public var unread: [UnreadGroupMessage] = []

    /// An empty ledger.
    public init() {}

    /// Most groups that a person has not agreed to, in all and by one proposer; anybody can make any number of AIDs.
    public static let invitationLimit = (total: 64, perProposer: 8)
    /// Most bytes of an event that is kept for a person.
    public static let largestEvent = 64 << 10
    /// Most proposals of one group that wait for a person.
    public static let proposalLimit = 16
    /// How many settled proposals of one group are kept.
    static let settledLimit = 8

    /// The group with an AID.
    public func group(_ aid: AID) -> GroupRecord? { groups.first { $0.aid == aid } }

    /// Changes one proposal, if it is there.
    mutating func change(_ said: SAID, of group: AID, _ change: (inout GroupProposal) -> Void) {
        guard let place = groups.firstIndex(where: { $0.aid == group }),
            let item = groups[place].proposals.firstIndex(where: { $0.event.said == said })
        else { return }
        change(&groups[place].proposals[item])
    }

    /// Makes room for one more group that nobody has agreed to: the one that has waited longest goes, so that nobody can
    /// lock others out by being first.
    /// - Throws: ``GroupError`` `tooMany` when the proposer has its share already.
    mutating func makeRoom(forInvitationBy proposer: AID) throws(GroupError) {
        let limit = Self.invitationLimit
        let invitations = groups.filter { $0.name == nil }
        let open = invitations.filter { $0.proposals.contains { !$0.stage.isSettled } }
        guard open.count(where: { $0.proposals.first?.proposer == proposer }) < limit.perProposer else {
            throw GroupError(.tooMany, "too many groups that \(proposer) proposes wait for a decision")
        }
        // What was declined is remembered, so that it is not asked again, but only as long as there is room.
        let settled = invitations.first { $0.proposals.allSatisfy(\.stage.isSettled) }
        guard invitations.count >= limit.total, let oldest = settled ?? invitations.first else { return }
        groups.removeAll { $0.aid == oldest.aid }
    }

    /// Forgets the oldest settled proposals of a group, and groups of which nothing is left that anybody agreed to.
    mutating func tidy(_ group: AID) {
        guard let place = groups.firstIndex(where: { $0.aid == group }) else { return }
        var surplus = groups[place].proposals.count { $0.stage.isSettled } - Self.settledLimit
        groups[place].proposals.removeAll { proposal in
            guard surplus > 0, proposal.stage.isSettled else { return false }
            surplus -= 1
            return true
        }
    }
}

/// Where the ledger of groups is kept. What `update` returns is durable; a change that throws did not happen.
public protocol GroupBook: Sendable {
    /// The ledger as it is.
    /// - Throws: ``GroupError`` when it can't be read back, or what the medium fails with.
    func load() throws -> GroupLedger
    /// Reads, changes and writes the ledger with nobody in between.
    /// - Throws: what `change` throws, ``GroupError`` when it can't be read back, what the medium fails with.
    func update<Result: Sendable>(_ change: (inout GroupLedger) throws -> Result) throws -> Result
}
