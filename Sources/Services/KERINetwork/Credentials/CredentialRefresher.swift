// SPDX-License-Identifier: Apache-2.0

public import ACDC
internal import CESR
public import KERI
internal import KelmarkBytes
private import Synchronization

/// Asks the witnesses of a credential's issuer for what is new: the log of the issuer and the events of the registry, so
/// that whoever holds or relies upon the credential notices its revocation (facts 9.2, 13.5).
public struct CredentialRefresher<Store: CredentialStore>: Sendable {
    private let wallet: Wallet<Store.KeyEventLogs>
    private let store: Store
    private let safe: CredentialSafe<Store>
    private let introducer: Introducer<Store.KeyEventLogs>
    private let postman: Postman<Store.KeyEventLogs>
    private let collector: MailCollector<Store.KeyEventLogs>
    private let peers: PatientTransport
    private let clock: any NetworkClock

    /// Most credentials of a chain that are asked about.
    private static var mostCredentials: Int { 64 }

    /// Asks for a wallet.
    public init(
        _ wallet: Wallet<Store.KeyEventLogs>, store: Store, transport: any PeerTransport, cursors: any MailCursors,
        clock: any NetworkClock, policy: DeliveryPolicy = DeliveryPolicy()
    ) {
        self.wallet = wallet
        self.store = store
        safe = CredentialSafe(wallet, store: store)
        introducer = Introducer(wallet, transport: transport, clock: clock, policy: policy)
        postman = Postman(wallet, transport: transport, clock: clock, policy: policy)
        collector = MailCollector(wallet, transport: transport, cursors: cursors, clock: clock)
        peers = PatientTransport(transport: transport, clock: clock, policy: policy)
        self.clock = clock
    }

    /// What asking came to.
    public struct Refreshed: Sendable, Hashable {
        /// What the credential was worth before.
        public let before: CredentialStanding
        /// And now.
        public let after: CredentialStanding
        /// The witnesses that answered about a credential of the chain.
        public let answered: Set<AID>
        /// Those that did not, and why.
        public let silent: [AID: String]

        /// Credentials of the chain about which nobody answered. What our own AIDs issued is not among them: nobody knows
        /// more of it than we do.
        public let unanswered: Set<SAID>

        /// Whether there is an answer about every credential of the chain that is not ours: one witness that knows one
        /// registry says nothing of the others.
        public var isFresh: Bool { unanswered.isEmpty }
    }

    /// Asks about a credential and everything that it builds upon.
    ///
    /// - Parameters:
    ///   - credential: the credential.
    ///   - own: an AID of ours that asks, and in whose mailbox the answers are put.
    ///   - idle: how long to wait for each answer.
    /// - Throws: ``ExchangeError`` `notHeld`; what vault and store fail with.
    public func refresh(_ credential: SAID, as own: String, idle: Duration) async throws -> Refreshed {
        let controller = try Controller(wallet, own)
        let before = try safe.standing(of: credential)
        let saids = try store.read(credentials: { try $0.verdict(of: credential).chain })
        let chain = try store.read(credentials: { transaction in
            try saids.prefix(Self.mostCredentials).compactMap { try transaction.credential($0) }
        })
        guard !chain.isEmpty else { throw ExchangeError(.notHeld, "\(credential) is not here") }
        let ours = Set(try wallet.identifiers().map(\.aid))
        for issuer in Set(chain.map(\.issuer)).subtracting(ours).sorted() { _ = try await introducer.refresh(issuer) }
        var answered: Set<AID> = []
        var silent: [AID: String] = [:]
        // What is not here, or behind the bound, is asked about by nobody.
        var unanswered = Set(saids).subtracting(chain.map(\.said))
        for one in chain where !ours.contains(one.issuer) {
            guard let registry = one.registry else { continue }
            unanswered.insert(one.said)
            for witness in try wallet.keyState(of: one.issuer)?.witnesses.prefix(16) ?? [] {
                do {
                    if try await ask(witness, registry, one.said, by: controller, idle: idle) {
                        answered.insert(witness)
                        unanswered.remove(one.said)
                    } else {
                        silent[witness] = "no answer came"
                    }
                } catch let error as PostError {
                    silent[witness] = error.description
                } catch let error as TransportError { silent[witness] = error.description }
            }
        }
        try safe.wake(after: Set(chain.map(\.issuer)), now: clock.now())
        return Refreshed(
            before: before, after: try safe.standing(of: credential), answered: answered,
            silent: silent.filter { !answered.contains($0.key) }, unanswered: unanswered)
    }

    /// Asks one witness for the events of a registry and a credential, and takes in what comes.
    /// - Returns: whether the witness answered about them.
    private func ask(
        _ witness: AID, _ registry: SAID, _ credential: SAID, by controller: Controller<Store.KeyEventLogs>,
        idle: Duration
    ) async throws -> Bool {
        guard let url = try wallet.locations(of: witness).first(where: { $0.scheme != .tcp }) else {
            throw PostError(.noAddress, "nobody has said where \(witness) listens")
        }
        // Who answers at once needs no mailbox (keripy from 1.2 on).
        let plain = try await peers.send(
            PeerRequest(.get, url, target: url.below("query?typ=tel&reg=\(registry)&vcid=\(credential)")))
        if plain.status == 200, !plain.body.isEmpty {
            var answer = RegistryAnswer(about: registry, credential)
            answer.read(plain.body)
            _ = try safe.take(plain.body, now: clock.now())
            if answer.isComplete { return true }
        }
        try await query(witness, url, registry, credential, by: controller)
        return try await collect(
            RegistryAnswer(about: registry, credential), for: controller.aid, from: witness, idle: idle)
    }

    /// Sends a signed question; the answer goes into the asker's mailbox.
    private func query(
        _ witness: AID, _ url: PeerURL, _ registry: SAID, _ credential: SAID,
        by controller: Controller<Store.KeyEventLogs>
    ) async throws {
        let body = try MessageBuilder.query(
            route: "tels",
            parameters: [
                "ri": .text(registry.text), "i": .text(credential.text), "src": .text(witness.text),
            ], dated: clock.now())
        var attachments = Attachments()
        attachments.lastEstablishmentGroups = [
            LastEstablishmentGroup(
                prefix: controller.aid.primitive, signatures: try await controller.sign(body))
        ]
        try await postman.introduce(controller.aid, to: witness, at: url, withMailboxes: true)
        let response = try await peers.send(
            .message(body, try attachments.encoded(in: .text), to: witness, at: url, path: "", headerBytes: .max))
        guard (200..<300).contains(response.status) else {
            throw PostError(.notTaken, "it answers \(response.status)")
        }
    }

    /// Fetches the answer: a witness of ours keeps it itself, one of others forwards it to a witness of the asker.
    private func collect(
        _ expected: RegistryAnswer, for own: AID, from witness: AID, idle: Duration
    ) async throws -> Bool {
        let answer = Mutex(expected)
        var failure: TransportError?
        let witnesses = try wallet.keyState(of: own)?.witnesses ?? []
        for host in [witness] + witnesses.filter({ $0 != witness }) where !answer.withLock({ $0.isComplete }) {
            do {
                try await collector.collect(for: own, at: host, topics: ["/replay"], idle: idle) {
                    [safe, clock] _, message in
                    _ = try safe.take(message, now: clock.now())
                    answer.withLock { $0.read(message) }
                }
            } catch let error as TransportError {
                failure = error
            } catch is PostError { continue }
        }
        let isComplete = answer.withLock { $0.isComplete }
        if !isComplete, let failure { throw failure }
        return isComplete
    }
}

/// What a witness says of a registry and a credential in it: an answer holds the inception of the one and the issuance
/// of the other. Whatever else comes while one waits is no answer; anybody can put it into a mailbox.
struct RegistryAnswer: Sendable {
    private let registry: SAID
    private let credential: SAID
    private var hasRegistry = false
    private var hasIssuance = false

    /// Waits for an answer.
    init(about registry: SAID, _ credential: SAID) {
        self.registry = registry
        self.credential = credential
    }

    /// Whether all of it has come.
    var isComplete: Bool { hasRegistry && hasIssuance }

    /// Looks through messages that came.
    mutating func read(_ stream: [UInt8]) {
        var reader = StreamReader()
        var parser = MessageParser()
        while true {
            switch reader.next(in: stream.span) {
            case .end, .needMore: return
            case .fault: continue
            case .message(let frame):
                let body = stream.span.extracting(frame.bodyRange)
                guard case .registryEvent(let event)? = try? parser.parse(body, version: frame.version) else {
                    continue
                }
                if event.kind == .registryInception, event.said == registry { hasRegistry = true }
                let named = event.registry ?? event.registryAnchor.flatMap { SAID($0.aid.primitive) }
                if event.kind == .issuance || event.kind == .backedIssuance, event.subject == credential,
                    named == registry
                {
                    hasIssuance = true
                }
            }
        }
    }
}
