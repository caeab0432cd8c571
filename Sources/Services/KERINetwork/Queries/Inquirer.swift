// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes
private import Synchronization

/// Asks a witness about an AID by a signed query, and reads the answer from the mailbox there (facts 9.2).
///
/// Queries are for what introductions do not give: a log that reaches a certain event or seals another one, and a signed
/// notice of the key state.
public struct Inquirer<Store: KeyEventStore>: Sendable {
    /// What is asked for.
    public enum Question: Sendable, Hashable {
        /// The log, once it reaches a position and seals an event; at once when neither is given.
        case log(reaching: SequenceNumber? = nil, sealing: EventSeal? = nil)
        /// The key state.
        case keyState

        var route: String { if case .keyState = self { "ksn" } else { "logs" } }
        var topic: String { if case .keyState = self { "/reply" } else { "/replay" } }
    }

    private let wallet: Wallet<Store>
    private let postman: Postman<Store>
    private let peers: PatientTransport
    private let collector: MailCollector<Store>
    private let clock: any NetworkClock

    /// Asks for a wallet.
    public init(
        _ wallet: Wallet<Store>, transport: any PeerTransport, cursors: any MailCursors, clock: any NetworkClock,
        policy: DeliveryPolicy = DeliveryPolicy()
    ) {
        self.wallet = wallet
        postman = Postman(wallet, transport: transport, clock: clock, policy: policy)
        peers = PatientTransport(transport: transport, clock: clock, policy: policy)
        collector = MailCollector(wallet, transport: transport, cursors: cursors, clock: clock)
        self.clock = clock
    }

    /// Asks one host and takes in what it answers, like anything from a stranger.
    ///
    /// - Parameters:
    ///   - question: what is asked for.
    ///   - subject: the AID that it is about.
    ///   - host: who is asked; its address must be known.
    ///   - own: the AID of ours that asks, and in whose mailbox the answer is put.
    ///   - idle: how long to wait for the answer.
    /// - Returns: how many messages the answer had; 0 when none came.
    /// - Throws: ``PostError`` `noAddress`, `notTaken`; ``TransportError``; what vault and store fail with.
    public func ask(
        _ question: Question, about subject: AID, of host: AID, as own: AID, idle: Duration
    ) async throws -> Int {
        guard let url = try wallet.locations(of: host).first(where: { $0.scheme != .tcp }) else {
            throw PostError(.noAddress, "nobody has said where \(host) listens")
        }
        var parameters: OrderedMap = ["i": .text(subject.text), "src": .text(host.text)]
        if case .log(let sn, let seal) = question {
            if let sn { parameters["s"] = .text(sn.hex) }
            if let seal { parameters["a"] = seal.value }
        }
        let body = try MessageBuilder.query(route: question.route, parameters: parameters, dated: clock.now())
        var attachments = Attachments()
        attachments.lastEstablishmentGroups = [
            LastEstablishmentGroup(
                prefix: own.primitive, signatures: try await Controller(wallet, own.text).sign(body))
        ]
        try await postman.introduce(own, to: host, at: url)
        let response = try await peers.send(
            .message(body, try attachments.encoded(in: .text), to: host, at: url, path: "", headerBytes: .max))
        guard (200..<300).contains(response.status) else {
            throw PostError(.notTaken, "\(host) answers \(response.status)")
        }
        let count = Mutex(0)
        let topic = question.topic
        try await collector.collect(for: own, at: host, topics: [topic], idle: idle) { [wallet, clock] _, message in
            let report = try wallet.ingest(message, now: clock.now())
            count.withLock { $0 += report.messages.count }
        }
        return count.withLock { $0 }
    }
}
