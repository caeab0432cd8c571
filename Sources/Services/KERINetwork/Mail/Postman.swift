// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
public import KERI
internal import KelmarkBytes

/// Brings messages to where their recipients look for them (facts 9.5): to the recipient itself where it listens
/// as controller or agent, else into its mailbox, else to one of its witnesses, which keep mailboxes too.
///
/// Before the message goes the sender's log, because nobody takes a message of somebody unknown.
public struct Postman<Store: KeyEventStore>: CredentialCourier {
    private let wallet: Wallet<Store>
    private let peers: PatientTransport
    private let clock: any NetworkClock
    private let policy: DeliveryPolicy
    private let forms: [AID: ExchangeForm]
    private let usualForm: ExchangeForm

    /// Carries messages of a wallet.
    ///
    /// - Parameters:
    ///   - wallet: whose AIDs send, and where addresses are known.
    ///   - transport: how peers are reached.
    ///   - clock: the time of day, and pauses between tries.
    ///   - policy: how patient to be.
    ///   - forms: peers that read another form of exchange messages than the usual one.
    ///   - usualForm: the form for all others; every keripy 1.x reads the one without recipient.
    public init(
        _ wallet: Wallet<Store>, transport: any PeerTransport, clock: any NetworkClock,
        policy: DeliveryPolicy = DeliveryPolicy(), forms: [AID: ExchangeForm] = [:],
        usualForm: ExchangeForm = .withoutRecipient
    ) {
        self.wallet = wallet
        peers = PatientTransport(transport: transport, clock: clock, policy: policy)
        self.clock = clock
        self.policy = policy
        self.forms = forms
        self.usualForm = usualForm
    }

    /// The form of exchange messages that a peer reads.
    public func form(for peer: AID) async -> ExchangeForm { forms[peer] ?? usualForm }

    /// Hands a message over to the first of the recipient's endpoints that takes it.
    /// - Throws: ``PostError``; what vault and store fail with.
    public func send(
        _ exchange: [UInt8], attachments: [UInt8], to recipient: AID, from sender: AID, topic: String
    ) async throws {
        try await eachPlace(of: recipient, from: sender) { place in
            if place.isDirect { return try await post(exchange, attachments, at: place) }
            let (body, groups) = try await forwarded(
                exchange, .json, attachments, to: recipient, from: sender, by: place.host, topic: topic)
            try await post(body, groups, at: place)
        }
    }

    /// Most messages that one call hands over: a mailbox has room for a few thousand.
    static var mostMessages: Int { 1500 }

    /// Hands several messages over, in order, to the first of the recipient's endpoints that takes them all.
    /// - Throws: ``PostError``; what vault and store fail with.
    public func send(_ messages: [[UInt8]], to recipient: AID, from sender: AID, topic: String) async throws {
        guard messages.count <= Self.mostMessages else {
            throw PostError(.notTaken, "\(messages.count) messages are more than a mailbox takes")
        }
        let parts = try messages.map { try EmbeddedPart(message: $0) }
        try await eachPlace(of: recipient, from: sender) { place in
            if place.isDirect { return try await put(messages.flatMap(\.self), at: place) }
            for part in parts {
                let (body, groups) = try await forwarded(
                    part.body, part.format, part.attachments, to: recipient, from: sender, by: place.host, topic: topic)
                try await post(body, groups, at: place)
            }
        }
    }

    /// Tries the endpoints of a recipient, best first, until one takes what `handOver` gives it behind the sender's log.
    private func eachPlace(
        of recipient: AID, from sender: AID, _ handOver: (Place) async throws -> Void
    ) async throws {
        let places = try places(of: recipient)
        guard !places.isEmpty else {
            throw PostError(.noAddress, "nobody has said where \(recipient) gets its messages")
        }
        let log = try introduction(of: sender)
        var reasons: [String] = []
        for place in places {
            do {
                try await put(log, at: place)
                return try await handOver(place)
            } catch let error as TransportError {
                reasons.append("\(place.host): \(error)")
            } catch let error as PostError {
                reasons.append("\(place.host): \(error.detail)")
            }
        }
        throw PostError(.notTaken, reasons.joined(separator: "; "))
    }

    // MARK: Places

    private struct Place {
        let host: AID
        let url: PeerURL
        let isDirect: Bool
    }

    /// Where a message for an AID can be left, best first.
    private func places(of recipient: AID) throws -> [Place] {
        let replies = try wallet.store.read { try $0.replies(of: recipient) }
        func endpoints(_ roles: Set<String>) -> [AID] {
            replies.filter { $0.key.route == "/end/role" && $0.value == "true" }.compactMap { reply in
                let parts = reply.key.detail.split(separator: "/", maxSplits: 1)
                guard parts.count == 2, roles.contains(String(parts[0])) else { return nil }
                return AID(String(parts[1]))
            }
        }
        var hosts = endpoints(["controller", "agent"]).map { ($0, true) } + endpoints(["mailbox"]).map { ($0, false) }
        hosts += (try wallet.keyState(of: recipient)?.witnesses ?? []).map { ($0, false) }
        var places: [Place] = []
        for (host, isDirect) in hosts where !places.contains(where: { $0.host == host }) {
            guard let url = try wallet.locations(of: host).first(where: { $0.scheme != .tcp }) else { continue }
            places.append(Place(host: host, url: url, isDirect: isDirect))
        }
        return places
    }

    /// Makes an AID of ours known to a host, as it must be before the host keeps anything for it.
    /// - Parameter withMailboxes: whether the host also hears where the AID's witnesses listen, so that it can forward
    ///   answers to them.
    func introduce(_ sender: AID, to host: AID, at url: PeerURL, withMailboxes: Bool = false) async throws {
        var stream = try introduction(of: sender)
        for witness in withMailboxes ? try wallet.keyState(of: sender)?.witnesses ?? [] : [] where witness != host {
            for record in try wallet.store.read({ try $0.replies(of: witness) }) where record.key.route == "/loc/scheme"
            {
                stream += record.message
            }
        }
        try await put(stream, at: Place(host: host, url: url, isDirect: true))
    }

    /// The sender's log, and where it says that it listens.
    private func introduction(of sender: AID) throws -> [UInt8] {
        let replies = try wallet.store.read { try $0.replies(of: sender) }.filter { $0.key.route != "/ksn" }
        return replies.reduce(into: try wallet.export(sender, withWaiting: false)) { $0 += $1.message }
    }

    // MARK: Messages

    /// The message inside one that asks a host to keep it for the recipient.
    private func forwarded(
        _ message: [UInt8], _ format: DocumentFormat, _ attachments: [UInt8], to recipient: AID, from sender: AID,
        by host: AID, topic: String
    ) async throws -> (body: [UInt8], attachments: [UInt8]) {
        let embeds: OrderedMap = ["evt": try OrderedValue(parsing: message.span, format: format)]
        let body = try ExchangeBody.bytes(
            from: sender, route: "/fwd", modifiers: ["pre": .text(recipient.text), "topic": .text(topic)],
            embeds: embeds, form: await form(for: host), dated: clock.now())
        let proof = try await Controller(wallet, sender.text).proof(
            of: body, embedding: attachments.isEmpty ? [] : [(label: "evt", attachments: attachments)])
        return (body, proof)
    }

    private func put(_ stream: [UInt8], at place: Place) async throws {
        try Self.check(try await peers.send(.stream(stream, to: place.host, at: place.url)))
    }

    private func post(_ body: [UInt8], _ attachments: [UInt8], at place: Place) async throws {
        try Self.check(
            try await peers.send(
                .message(
                    body, attachments, to: place.host, at: place.url, path: "", headerBytes: policy.headerBytes)))
    }

    private static func check(_ response: PeerResponse) throws(PostError) {
        guard (200..<300).contains(response.status) else {
            throw PostError(.notTaken, "it answers \(response.status)")
        }
    }
}

/// Why a message was not handed over.
public struct PostError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// No endpoint, mailbox or witness of the recipient is known.
        case noAddress = "no-address"
        /// None of them took it.
        case notTaken = "not-taken"
    }

    /// What is wrong.
    public let code: Code
    /// Words for the operator.
    public let detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { "\(code.rawValue): \(detail)" }
}
