// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import FuzzSupport
internal import KERI
internal import KelmarkBytes
internal import KelmarkCrypto

/// What two issuers do: registries, issuances and revocations, also of each other's credentials, recoveries that supersede
/// what was sealed. The first byte is the number of deeds, of two bytes each; the rest says in which order a receiver
/// hears of them. Key events keep their order: whoever hears of a recovery first never sees what it supersedes.
struct Story {
    /// All messages in the order in which they were made.
    private(set) var told: [[UInt8]] = []
    /// The same in the order in which they are heard.
    private(set) var heard: [[UInt8]] = []

    private let home: Receiver
    private var issuers: [Issuer] = []
    private var registries: [(said: SAID, issuer: Int)] = []
    private var credentials: [Credential] = []
    private var events: [RegistryEvent] = []
    private var isKeyEvent: [Bool] = []

    init(_ input: [UInt8]) throws {
        home = try Receiver(schemas: [Self.schema.bytes], batch: 1)
        for name in ["one", "two"] {
            let issuer = Issuer(name)
            issuers.append(issuer)
            try tell(issuer.inception(), isKeyEvent: true)
            try note(issuers.count - 1)
        }
        let count = min(Int(input.first ?? 0) & 31, 24)
        let deeds = Array(input.dropFirst().prefix(2 * count))
        for place in stride(from: 0, to: deeds.count - 1, by: 2) {
            // A deed that does not make sense is left out.
            do { try act(deeds[place], Int(deeds[place + 1])) } catch is Impossible {
            } catch is RegistryEventBuilder.Failure {
            } catch is EventBuilder.Failure {}
        }
        shuffle(Array(input.dropFirst(1 + deeds.count)))
    }

    /// A schema that every credential fulfils.
    static let schema: CredentialSchema = {
        var map: OrderedMap = [
            "$id": "", "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
        ]
        guard let bytes = try? SelfAddressing.seal(&map, labels: ["$id"]),
            let schema = try? CredentialSchema(parsing: bytes)
        else { fatalError("the schema can't be written") }
        return schema
    }()

    private struct Impossible: Error {}

    // MARK: Deeds

    private mutating func act(_ deed: UInt8, _ choice: Int) throws {
        switch deed % 9 {
        case 0, 1: try found(choice & 1, isBacked: deed % 9 == 1)
        case 2: try describe(choice)
        case 3: try issue(choice, isSealed: true)
        case 4: try revoke(choice, isSealed: true)
        case 5: try recover(choice)
        case 6: try sealAgain(choice)
        case 7: try issue(choice, isSealed: false)
        default: try revoke(choice, isSealed: false)
        }
    }

    private mutating func found(_ issuer: Int, isBacked: Bool) throws {
        guard registries.count < 4 else { throw Impossible() }
        let event = try RegistryEventBuilder.inception(
            issuer: issuers[issuer].aid(), backers: isBacked ? [Self.backer.aid] : [], threshold: isBacked ? 1 : 0,
            nonce: nonce(registries.count))
        try seal([event.seal], by: issuer)
        registries.append((event.subject, issuer))
        try tell(event)
    }

    private mutating func describe(_ choice: Int) throws {
        guard !registries.isEmpty, credentials.count < 6 else { throw Impossible() }
        let registry = registries[choice % registries.count]
        var edges: OrderedValue?
        if choice & 0x80 != 0, let far = credentials.last {
            edges = ["d": "", "far": ["n": .text(far.said.text), "s": .text(far.schema.text)]]
        }
        let draft = CredentialDraft(
            issuer: try issuers[registry.issuer].aid(), registry: registry.said, schema: Self.schema.said,
            content: .attributes(["note": OrderedValue(credentials.count)]), edges: edges)
        guard let credential = try? CredentialBuilder.credential(draft) else { throw Impossible() }
        credentials.append(credential)
        try tell(credential.bytes)
    }

    /// Issues a credential in its registry, or in another one: anybody may, and it must not matter.
    private mutating func issue(_ choice: Int, isSealed: Bool) throws {
        guard !credentials.isEmpty else { throw Impossible() }
        let credential = credentials[choice % credentials.count]
        guard let own = credential.registry else { throw Impossible() }
        let named = choice & 0x80 == 0 ? own : registries[(choice >> 3) % registries.count].said
        let (state, status) = try standing(of: credential.said, in: named)
        // An issuer that issues twice is its own enemy; after a recovery it has to.
        if let status, try home.isAnchored(status) { throw Impossible() }
        let event = try RegistryEventBuilder.issuance(
            of: credential.said, in: state, dated: Receiver.now.advanced(bySeconds: Int64(choice & 7)))
        if isSealed { try seal([event.seal], by: owner(of: named)) }
        try tell(event)
    }

    private mutating func revoke(_ choice: Int, isSealed: Bool) throws {
        guard !credentials.isEmpty else { throw Impossible() }
        let credential = credentials[choice % credentials.count]
        guard let own = credential.registry else { throw Impossible() }
        let named = choice & 0x80 == 0 ? own : registries[(choice >> 3) % registries.count].said
        let (state, status) = try standing(of: credential.said, in: named)
        guard let status else { throw Impossible() }
        let event = try RegistryEventBuilder.revocation(of: status, in: state, dated: Receiver.now)
        if isSealed { try seal([event.seal], by: owner(of: named)) }
        try tell(event)
    }

    /// Rotates behind an interaction: what was sealed since is superseded.
    private mutating func recover(_ choice: Int) throws {
        let issuer = choice & 1
        let history = issuers[issuer].history
        guard !history.isEmpty else { throw Impossible() }
        issuers[issuer].history.removeLast((choice >> 1) % history.count)
        try tell(try issuers[issuer].rotate(), isKeyEvent: true)
        issuers[issuer].history = []
        try note(issuer)
    }

    /// Seals once more an event that stands in its place, as an issuer does after a recovery.
    private mutating func sealAgain(_ choice: Int) throws {
        guard !events.isEmpty else { throw Impossible() }
        let event = events[choice % events.count]
        for registry in registries where try home.stands(event, in: registry.said) {
            try seal([event.seal], by: registry.issuer)
            return
        }
        throw Impossible()
    }

    // MARK: Telling

    private mutating func seal(_ seals: [EventSeal], by issuer: Int) throws {
        try tell(try issuers[issuer].interact(seals), isKeyEvent: true)
        try note(issuer)
    }

    private mutating func note(_ issuer: Int) throws {
        guard let state = try home.state(of: issuers[issuer].aid()) else { throw Impossible() }
        issuers[issuer].history.append(state)
    }

    private mutating func tell(_ event: RegistryEvent) throws {
        var attachments = Attachments()
        if let signature = try? Self.backer.key.indexedSignature(over: event.bytes, index: 0) {
            attachments.witnessSignatures = [signature]
        }
        events.append(event)
        try tell(event.bytes + (try attachments.encoded(in: .text)))
    }

    private mutating func tell(_ message: [UInt8], isKeyEvent isKey: Bool = false) throws {
        told.append(message)
        isKeyEvent.append(isKey)
        _ = try home.hear(message)
    }

    private mutating func shuffle(_ order: [UInt8]) {
        var logs = zip(told, isKeyEvent).filter(\.1).map(\.0)
        var others = zip(told, isKeyEvent).filter { !$0.1 }.map(\.0)
        for choice in order {
            if choice & 1 == 1, !logs.isEmpty {
                heard.append(logs.removeFirst())
            } else if !others.isEmpty {
                heard.append(others.remove(at: Int(choice >> 1) % others.count))
            }
        }
        heard += logs + others
    }

    // MARK: Parts

    private func standing(of credential: SAID, in registry: SAID) throws -> (RegistryState, CredentialStatus?) {
        guard let state = try home.registry(registry) else { throw Impossible() }
        return (state, try home.status(of: credential, in: registry))
    }

    private func owner(of registry: SAID) throws -> Int {
        guard let found = registries.first(where: { $0.said == registry }) else { throw Impossible() }
        return found.issuer
    }

    private func nonce(_ number: Int) throws -> Primitive {
        try Primitive(code: .salt128, raw: [UInt8](repeating: UInt8(number), count: 16))
    }

    private static let backer: (key: CreatedKey, aid: AID) = {
        guard let key = try? Issuer.key("backer", 0, isTransferable: false),
            let aid = AID(key.verificationKey.primitive)
        else { fatalError("the key of a backer can't be made") }
        return (key, aid)
    }()
}

extension Receiver {
    func state(of aid: AID) throws -> KeyState? {
        try store.read(credentials: { $0.keyEvents.keyState(of: aid) })
    }

    func registry(_ said: SAID) throws -> RegistryState? { try store.read(credentials: { $0.registry(said) }) }

    func status(of credential: SAID, in registry: SAID) throws -> CredentialStatus? {
        try store.read(credentials: { $0.status(of: credential, in: registry) })
    }

    func isAnchored(_ status: CredentialStatus) throws -> Bool {
        try store.read(credentials: { try $0.isAnchored(status) })
    }

    /// Whether an event stands in a log of a registry.
    func stands(_ event: RegistryEvent, in registry: SAID) throws -> Bool {
        try store.read(credentials: { $0.event(of: event.subject, in: registry, at: event.sn)?.said == event.said })
    }
}
