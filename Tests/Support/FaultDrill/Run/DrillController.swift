// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import HTTPTransport
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto
internal import StorageSQLite
private import Synchronization

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#endif

/// The controller of the drill: a wallet of the library in this process, whose home folder `kelmark waiting` can read.
struct DrillController: Sendable {
    static let name = "drill"

    let wallet: Wallet<SQLiteKeyEventStore>
    let receiptor: Receiptor<SQLiteKeyEventStore>
    let introducer: Introducer<SQLiteKeyEventStore>
    let transport: NetworkTransport
    let clock = DrillClock()

    init(home: String, policy: DeliveryPolicy) throws {
        try FileText.makeFolder(home)
        let book = DrillBook(path: "\(home)/wallet.json")
        try book.save([])
        wallet = Wallet(
            store: try SQLiteKeyEventStore(path: "\(home)/events.sqlite"), vault: InMemoryVault(), book: book)
        var limits = ClientLimits()
        limits.connect = .milliseconds(500)
        transport = NetworkTransport(limits: limits)
        receiptor = Receiptor(wallet, transport: transport, clock: clock, policy: policy)
        introducer = Introducer(wallet, transport: transport, clock: clock)
    }

    var controller: Controller<SQLiteKeyEventStore> {
        get throws { try Controller(wallet, Self.name) }
    }

    /// Makes the next event.
    func make(_ kind: FaultSchedule.Kind, number: Int, witnesses: [AID], threshold: UInt32) async throws
        -> AuthoredEvent
    {
        let now = clock.now()
        switch kind {
        case .inception:
            var plan = CreationPlan(name: Self.name)
            plan.witnesses = Array(witnesses.dropLast())
            plan.witnessThreshold = threshold
            return try await wallet.create(plan, now: now)
        case .interaction:
            return try await controller.anchor([["n": OrderedValue(number)]], now: now)
        case .rotation:
            return try await controller.rotate(RotationPlan(), now: now)
        case .swap(let cut, let added):
            var plan = RotationPlan()
            plan.witnessesCut = [witnesses[cut]]
            plan.witnessesAdded = [witnesses[added]]
            plan.witnessThreshold = threshold
            return try await controller.rotate(plan, now: now)
        }
    }

    /// The events of the log, in order.
    func records(of aid: AID) throws -> [EventRecord] {
        try wallet.store.read { try $0.records(of: aid, from: 0, limit: .max) }
    }

    /// A second interaction at the place of one that the log has, signed as well as that one.
    /// - Returns: nil when the keys of that place are no longer in force, or it is no interaction.
    func twin(of aid: AID, at sn: SequenceNumber, said: SAID) async throws -> (body: [UInt8], attachments: [UInt8])? {
        guard let before = sn.previous,
            let base = try wallet.store.read({ transaction -> KeyState? in
                guard let state = try transaction.keyState(of: aid), state.establishmentSn < sn,
                    let record = try transaction.record(of: aid, at: sn, said: said), record.kind == .interaction
                else { return nil }
                return try transaction.trunkState(of: aid, through: before)
            })
        else { return nil }
        let event = try EventBuilder.interaction(of: base, anchors: [["twin": "1"]])
        var attachments = Attachments()
        attachments.controllerSignatures = try await controller.sign(event.bytes)
        return (event.bytes, try attachments.encoded(in: .text))
    }
}

/// The time of day, and waiting.
struct DrillClock: NetworkClock {
    func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    func sleep(for duration: Duration) async throws(CancellationError) {
        do { try await Task.sleep(for: duration) } catch { throw CancellationError() }
    }
}

/// The book in the file where the command looks for it; read once, written each time.
final class DrillBook: WalletBook {
    private let path: String
    private let identifiers = Mutex<[OwnedIdentifier]>([])

    init(path: String) { self.path = path }

    func load() -> [OwnedIdentifier] { identifiers.withLock { $0 } }

    func save(_ identifiers: [OwnedIdentifier]) throws {
        try FileText.replace(path, by: try WalletBookCoding.encode(identifiers).encoded(as: .json))
        self.identifiers.withLock { $0 = identifiers }
    }
}
