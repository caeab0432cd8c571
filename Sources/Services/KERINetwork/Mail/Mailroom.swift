// SPDX-License-Identifier: Apache-2.0

internal import ACDC
public import CESR
public import KERI
internal import KelmarkConcurrency

/// Reads the mailboxes of a wallet's AIDs at all hosts that may keep one, and hands each message to whoever acts on it:
/// logs and receipts to the wallet, the rest to groups, delegations and challenges (facts 9.5).
public struct Mailroom<Store: KeyEventStore>: Sendable {
    private let wallet: Wallet<Store>
    private let groups: Groups<Store>
    private let delegations: Delegations<Store>
    private let challenges: Challenges<Store>
    private let collector: MailCollector<Store>
    private let clock: any NetworkClock
    private let intake: (any CredentialIntake)?
    /// Several hosts are read at once, but a wallet changes step by step.
    private let turns = Turnstile()

    /// The topics that are read; others stay where they are.
    public var topics: [String] {
        ["/receipt", "/replay", "/reply", "/delegate", "/multisig", "/challenge"]
            + (intake == nil ? [] : ["/credential"])
    }

    /// Joins the readers of messages.
    /// - Parameter intake: who takes credentials and messages about them; nil leaves them where they are.
    public init(
        groups: Groups<Store>, challenges: Challenges<Store>, transport: any PeerTransport, cursors: any MailCursors,
        clock: any NetworkClock, intake: (any CredentialIntake)? = nil
    ) {
        self.intake = intake
        wallet = groups.wallet
        self.groups = groups
        delegations = Delegations(groups.wallet, courier: groups.courier)
        self.challenges = challenges
        collector = MailCollector(groups.wallet, transport: transport, cursors: cursors, clock: clock)
        self.clock = clock
    }

    /// Fetches what waits for an AID at all its hosts at once, and what comes until nothing came for a while.
    /// - Returns: what came and became of it; hosts that could not be read are among it.
    /// - Throws: ``ControllerError`` `unknown`; what `report`'s caller cancels.
    public func fetch(for recipient: AID, idle: Duration) async throws -> [MailItem] {
        let items = MailTray()
        let hosts = try hosts(of: recipient)
        await withTaskGroup(of: Void.self) { tasks in
            for host in hosts {
                tasks.addTask {
                    do {
                        try await collector.collect(for: recipient, at: host, topics: topics, idle: idle) {
                            topic, message in
                            let what = try await turns.pass { try await take(message, topic, for: recipient) }
                            await items.add(MailItem(recipient: recipient, host: host, topic: topic, content: what))
                        }
                    } catch {
                        await items.add(
                            MailItem(recipient: recipient, host: host, topic: "", content: .unread("\(error)")))
                    }
                }
            }
        }
        return await items.all
    }

    /// Those who may keep a mailbox: who has the role, and the witnesses.
    private func hosts(of recipient: AID) throws -> [AID] {
        var hosts = try wallet.store.read { try $0.replies(of: recipient) }.compactMap { reply -> AID? in
            guard reply.key.route == "/end/role", reply.value == "true", reply.key.detail.hasPrefix("mailbox/") else {
                return nil
            }
            return AID(String(reply.key.detail.dropFirst(8)))
        }
        for witness in try wallet.keyState(of: recipient)?.witnesses ?? [] where !hosts.contains(witness) {
            hosts.append(witness)
        }
        return hosts
    }

    /// Acts on one message. Whatever strangers send, it never stops the mailbox.
    private func take(_ message: [UInt8], _ topic: String, for recipient: AID) async throws -> MailItem.Content {
        if let stored = try? StoredMessage(message), case .exchange(let exchange) = stored.message {
            switch exchange.route {
            case let route where CredentialExchangeKind(route: route) != nil:
                guard let intake else { return .refused("nobody here reads messages about credentials") }
                return .exchange(try intake.receive(exchange, stored.attachments, for: recipient, now: clock.now()))
            case let route where GroupRoute(rawValue: route) != nil:
                return .group(try await groups.receive(exchange, stored.attachments, now: clock.now()))
            case Delegations<Store>.route:
                guard let event = try delegations.receive(exchange, stored.attachments, now: clock.now()) else {
                    return .refused("no request that one of our AIDs could approve")
                }
                return .delegation(event)
            case Challenges<Store>.route:
                do {
                    return .challenge(
                        try challenges.receive(exchange, stored.attachments, for: recipient, now: clock.now()))
                } catch let error as ChallengeError where [.malformed, .notOurs, .notGiven].contains(error.code) {
                    return .refused(error.detail)
                }
            default: return .refused("nobody here reads \(exchange.route.prefix(64))")
            }
        }
        if let intake, Self.isOfCredential(message) {
            return .credential(try intake.take(message, now: clock.now()))
        }
        let report = try wallet.ingest(message, now: clock.now())
        if let intake { try wake(intake, after: report, for: recipient) }
        if case .keyEvent(let event)? = (try? StoredMessage(message))?.message, try delegations.waitsForUs(event) {
            return .delegation(EventSeal(aid: event.aid, sn: event.sn, said: event.said))
        }
        var accepted = report.resumed.count { $0.outcome?.isInLog ?? false }
        for one in report.messages {
            if case .decided(_, _, let outcome) = one.result, outcome.isInLog || outcome == .verified { accepted += 1 }
        }
        return .log(messages: report.messages.count, accepted: accepted)
    }
}

extension Mailroom {
    /// Whether a message is a registry event or a credential.
    private static func isOfCredential(_ message: [UInt8]) -> Bool {
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: message.span) else { return false }
        if frame.version.protocol == .acdc { return true }
        if case .registryEvent? = (try? StoredMessage(message))?.message { return true }
        return false
    }

    /// Lets go on what has waited for a log that has grown: registry events, credentials, messages about them.
    private func wake(_ intake: any CredentialIntake, after report: ImportReport, for recipient: AID) throws {
        var grown = Set(report.resumed.filter { $0.outcome?.wakesOthers ?? false }.map(\.key.aid))
        for one in report.messages {
            guard case .decided(_, let seal?, let outcome) = one.result, outcome.wakesOthers else { continue }
            grown.insert(seal.aid)
        }
        if !grown.isEmpty { try intake.wake(after: grown, now: clock.now()) }
        for one in report.resumed {
            guard let message = one.message, let stored = try? StoredMessage(message),
                case .exchange(let exchange) = stored.message, CredentialExchangeKind(route: exchange.route) != nil
            else { continue }
            _ = try intake.receive(exchange, stored.attachments, for: recipient, now: clock.now())
        }
    }
}

/// Who takes credentials and messages about them from mailboxes.
public protocol CredentialIntake: Sendable {
    /// Takes in key events, registry events and credentials.
    /// - Throws: what the store fails with.
    func take(_ stream: [UInt8], now: Timestamp) throws -> IntakeReport
    /// Decides again about what waits for logs that have grown.
    /// - Throws: what the store fails with.
    func wake(after logs: Set<AID>, now: Timestamp) throws
    /// Takes in a message of an exchange.
    /// - Throws: what store and book fail with.
    func receive(
        _ exchange: Exchange, _ attachments: Attachments, for owner: AID, now: Timestamp
    ) throws -> ExchangeReceipt
}

/// One message of a mailbox, and what became of it.
public struct MailItem: Sendable {
    /// For whom it was.
    public let recipient: AID
    /// Who kept it.
    public let host: AID
    /// Its topic; empty for a host that could not be read.
    public let topic: String
    /// What became of it.
    public let content: Content

    /// What became of a message.
    public enum Content: Sendable {
        /// It was about a group.
        case group(GroupOutcome)
        /// A delegate asks for approval of this event.
        case delegation(EventSeal)
        /// Somebody answered a challenge.
        case challenge(ChallengeAnswer)
        /// A message of an exchange about a credential.
        case exchange(ExchangeReceipt)
        /// A credential, or an event of a registry.
        case credential(IntakeReport)
        /// Receipts, logs and replies: how many messages, and how many of them brought something.
        case log(messages: Int, accepted: Int)
        /// It was read and left alone; why.
        case refused(String)
        /// The host could not be read; why.
        case unread(String)
    }
}

/// Gathers items of several hosts.
private actor MailTray {
    private(set) var all: [MailItem] = []
    func add(_ item: MailItem) { all.append(item) }
}
