// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes
internal import KelmarkCrypto
internal import StorageSQLite

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#endif

/// Where the soak keeps things, and what its vaults open with.
enum SoakPlaces {
    static func store(_ folder: String) -> String { folder + "/store.db" }
    static func vault(_ folder: String, lane: Int) -> String { folder + "/vault-\(lane)" }

    static func passphrase() throws -> SecretBytes { try SecretBytes(copying: "soak".utf8.span) }
    /// The vault's sealing is not what the soak is about.
    static let cost = Argon2id.Cost(operations: 1, memoryBytes: 8 << 10)
}

/// One controller with several AIDs: keys in a vault, events in a store, random decisions. Everything that has become
/// durable is acknowledged behind the call that made it so, and not before.
struct SoakWriter {
    private let lane: Int
    private let store: SQLiteKeyEventStore
    private let vault: SealedFileVault
    private var random: SeededGenerator
    /// AIDs whose keys are in the vault.
    private var aids: [AID] = []
    private var now = Timestamp(seconds: 1_800_000_000)

    init(folder: String, lane: Int, seed: UInt64, checkpointPages: Int) throws {
        self.lane = lane
        random = SeededGenerator(seed: seed)
        store = try Self.patiently("opening the store") {
            try SQLiteKeyEventStore(
                path: SoakPlaces.store(folder), options: .init(checkpointPages: checkpointPages))
        }
        let path = SoakPlaces.vault(folder, lane: lane)
        vault = try Self.patiently("opening the vault") {
            do {
                return try SealedFileVault.open(at: path, passphrase: SoakPlaces.passphrase())
            } catch VaultError.noVault {
                return try SealedFileVault.create(
                    at: path, passphrase: SoakPlaces.passphrase(), cost: SoakPlaces.cost)
            }
        }
        Acknowledgement.vault(lane: lane).say()
        let names = Set(try vault.list().map(\.name))
        var last: AID?
        while true {
            let page = try store.read { [last] in try $0.aids(after: last, limit: 100) }
            if page.isEmpty { break }
            last = page.last
            for aid in page where names.contains(try state(of: aid).keys[0].text) { aids.append(aid) }
        }
    }

    mutating func run(steps: Int) throws {
        for _ in 0..<steps {
            now = now.advanced(bySeconds: 1)
            switch Int.random(in: 0..<100, using: &random) {
            case _ where aids.isEmpty, 0..<8: try incept()
            case 8..<35: try rotate()
            case 35..<75: try interact()
            case 75..<85: try interactOften()
            case 85..<93: try receipt()
            default: try orphan()
            }
        }
    }

    // MARK: Steps

    private mutating func incept() throws {
        let (current, next) = (try makeKey(), try makeKey())
        try keep([current, next])
        let event = try EventBuilder.inception(establishment(current, next))
        try process(event, signedBy: current)
        aids.append(event.aid)
    }

    private mutating func rotate() throws {
        let state = try randomState()
        let previous = state.keys[0].text
        let current = try nextKey(of: state)
        let next = try makeKey()
        // The key must be safe before any event names it.
        try keep([next])
        let event = try EventBuilder.rotation(of: state, establishment(current, next))
        try process(event, signedBy: current)
        if Bool.random(using: &random) {
            Acknowledgement.dropping(lane: lane, name: previous).say()
            try Self.patiently("dropping a key") {
                do { try vault.apply([.delete(name: previous, version: nil)]) } catch VaultError.noSuchName {}
            }
        }
    }

    private mutating func interact() throws {
        let state = try randomState()
        try process(EventBuilder.interaction(of: state, anchors: [anchor()]), signedBy: try currentKey(of: state))
    }

    /// Several events that become durable together.
    private mutating func interactOften() throws {
        let state = try randomState()
        let key = try currentKey(of: state)
        let anchors = (0..<Int.random(in: 2...12, using: &random)).map { _ in anchor() }
        let (store, now) = (store, now)
        let seals = try Self.patiently("appending a batch") {
            try store.write { transaction in
                var seals: [EventSeal] = []
                for anchor in anchors {
                    guard let latest = try transaction.keyState(of: state.aid) else { throw SoakFailure("no state") }
                    let event = try EventBuilder.interaction(of: latest, anchors: [anchor])
                    let outcome = try EventProcessor(store: store)
                        .apply(.keyEvent(event), with: signed(event, key), to: &transaction, now: now)
                    guard case .accepted = outcome else { throw SoakFailure("a batched event is \(outcome)") }
                    seals.append(EventSeal(aid: event.aid, sn: event.sn, said: event.said))
                }
                return seals
            }
        }
        for seal in seals { Acknowledgement.event(seal).say() }
    }

    /// A watcher's receipt for the latest event.
    private mutating func receipt() throws {
        let state = try randomState()
        guard let record = try store.read({ try $0.record(of: state.aid, at: state.sn) }) else {
            throw SoakFailure("the latest event is missing")
        }
        let watcher = try CreatedKey(seed: SecretBytes.random(count: 32), isTransferable: false)
        guard let signer = AID(watcher.verificationKey.primitive),
            case .keyEvent(let event) = try StoredMessage(record.bytes).message
        else { throw SoakFailure("the latest event can't be read") }
        var attachments = record.proof.attachments
        attachments.nonTransferableReceipts = [
            NonTransferableReceipt(
                key: signer.primitive,
                signature: try Primitive(
                    code: .ed25519Signature, raw: watcher.signingKey.signature(over: record.bytes)))
        ]
        let outcome = try Self.patiently("adding a receipt") {
            try EventProcessor(store: store).process(.keyEvent(event), with: attachments, now: now)
        }
        guard case .duplicate = outcome else { throw SoakFailure("a receipted event is \(outcome)") }
        Acknowledgement.receipt(EventSeal(aid: record.aid, sn: record.sn, said: record.said), by: signer).say()
    }

    /// An event of an AID whose inception never comes.
    private mutating func orphan() throws {
        let (current, next) = (try makeKey(), try makeKey())
        let memory = MemoryKeyEventStore()
        let inception = try EventBuilder.inception(establishment(current, next))
        _ = try EventProcessor(store: memory)
            .process(.keyEvent(inception), with: signed(inception, current), now: now)
        guard let state = try memory.read({ $0.keyState(of: inception.aid) }) else {
            throw SoakFailure("an inception was refused")
        }
        let event = try EventBuilder.interaction(of: state, anchors: [anchor()])
        let outcome = try Self.patiently("escrowing an event") {
            try EventProcessor(store: store).process(.keyEvent(event), with: signed(event, current), now: now)
        }
        guard case .escrowed(.outOfOrder) = outcome else { throw SoakFailure("an orphan is \(outcome)") }
        Acknowledgement.escrow(EventSeal(aid: event.aid, sn: event.sn, said: event.said)).say()
    }

    // MARK: Parts

    private func process(_ event: KeyEvent, signedBy key: CreatedKey) throws {
        let outcome = try Self.patiently("appending an event") {
            try EventProcessor(store: store).process(.keyEvent(event), with: signed(event, key), now: now)
        }
        guard outcome.isInLog else { throw SoakFailure("an event is \(outcome)") }
        Acknowledgement.event(EventSeal(aid: event.aid, sn: event.sn, said: event.said)).say()
    }

    private func signed(_ event: KeyEvent, _ key: CreatedKey) throws -> Attachments {
        var attachments = Attachments()
        attachments.controllerSignatures = [try key.indexedSignature(over: event.bytes, index: 0)]
        return attachments
    }

    private func establishment(_ current: CreatedKey, _ next: CreatedKey) -> Establishment {
        Establishment(
            signingThreshold: .count(1), keys: [current.verificationKey], nextThreshold: .count(1),
            nextDigests: [KeyDigest(of: next.verificationKey)])
    }

    private mutating func anchor() -> OrderedValue {
        ["note": .text(String(repeating: "x", count: Int.random(in: 0..<3000, using: &random)))]
    }

    private func state(of aid: AID) throws -> KeyState {
        guard let state = try store.read({ try $0.keyState(of: aid) }) else { throw SoakFailure("no state of \(aid)") }
        return state
    }

    private mutating func randomState() throws -> KeyState {
        try state(of: aids[Int.random(in: aids.indices, using: &random)])
    }

    // MARK: Keys

    private func makeKey() throws -> CreatedKey { try CreatedKey(seed: SecretBytes.random(count: 32)) }

    private func keep(_ keys: [CreatedKey]) throws {
        try Self.patiently("keeping a key") {
            // A change that failed late may have been made all the same.
            let known = Set(try vault.list().map(\.name))
            try vault.apply(
                keys.filter { !known.contains($0.verificationKey.text) }
                    .map { .store($0.seed, name: $0.verificationKey.text, replacing: nil) })
        }
        for key in keys { Acknowledgement.key(lane: lane, name: key.verificationKey.text).say() }
    }

    private func currentKey(of state: KeyState) throws -> CreatedKey {
        try CreatedKey(seed: vault.load(state.keys[0].text))
    }

    private func nextKey(of state: KeyState) throws -> CreatedKey {
        for entry in try vault.list() {
            guard let key = VerificationKey(entry.name), KeyDigest(of: key) == state.nextDigests[0] else { continue }
            return try CreatedKey(seed: vault.load(entry.name))
        }
        throw SoakFailure("the next key of \(state.aid) is not in the vault")
    }

    // MARK: Full disks

    /// Whether the recorder was asked to play a full disk.
    private static var isDiskFullAtTimes: Bool { getenv("POWER_FULL_AT") != nil }

    /// Tries again while the disk is full; nothing else may go wrong.
    private static func patiently<R>(_ what: String, _ body: () throws -> R) throws -> R {
        for _ in 0..<200 {
            do {
                return try body()
            } catch let error as StoreError where error.code == .full {
                sayFull("store")
            } catch VaultError.diskFull {
                sayFull("vault")
            } catch let error as StoreError
                where error.code == .unavailable && what == "opening the store" && isDiskFullAtTimes
            {
                // SQLite does not tell why it could not make a file, and when the store looks there may be space again.
                sayFull("store")
            }
        }
        throw SoakFailure("\(what): the disk stays full")
    }
}

/// Something that may never happen did.
struct SoakFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
