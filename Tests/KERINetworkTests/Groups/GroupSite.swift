// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KERINetwork
import KelmarkBytes
import KelmarkCrypto
import Synchronization

/// Stops everything at one durable write or one handing over, as if the machine had lost power.
final class GroupOutage: Sendable {
    struct Happened: Error {}
    enum Moment: Sendable, Hashable { case never, before(Int), behind(Int) }

    private let state: Mutex<(steps: Int, moment: Moment)>

    init(_ moment: Moment = .never) { state = Mutex((0, moment)) }

    /// How many steps there were.
    var steps: Int { state.withLock { $0.steps } }

    private func begin() throws -> (Int, Moment) {
        let (number, moment) = state.withLock { state in
            state.steps += 1
            return (state.steps, state.moment)
        }
        switch moment {
        case .before(let last) where number >= last: throw Happened()
        case .behind(let last) where number > last: throw Happened()
        default: return (number, moment)
        }
    }

    func step<R>(_ body: () throws -> R) throws -> R {
        let (number, moment) = try begin()
        let result = try body()
        if case .behind(number) = moment { throw Happened() }
        return result
    }
}

struct GroupFaultyVault: KeyVault {
    let vault: InMemoryVault
    let outage: GroupOutage

    func list() async throws -> [VaultEntry] { vault.list() }
    func load(_ name: String) async throws -> SecretBytes { try vault.load(name) }
    func apply(_ changes: [VaultChange]) async throws { try outage.step { try vault.apply(changes) } }
}

struct GroupFaultyWalletBook: WalletBook {
    let book: MemoryWalletBook
    let outage: GroupOutage

    func load() throws -> [OwnedIdentifier] { book.load() }
    func save(_ identifiers: [OwnedIdentifier]) throws { try outage.step { book.save(identifiers) } }
}

struct GroupFaultyStore: KeyEventStore {
    let store: MemoryKeyEventStore
    let outage: GroupOutage

    func read<R: Sendable>(_ body: (inout MemoryTransaction) throws -> R) throws -> R { try store.read(body) }
    func write<R: Sendable>(_ body: (inout MemoryTransaction) throws -> R) throws -> R {
        try outage.step { try store.write(body) }
    }
}

/// Keeps its ledger as the document that a file would hold, so that every test is one of the coding too.
final class GroupFaultyBook: GroupBook {
    let document: Mutex<OrderedMap>
    let outage: GroupOutage

    init(_ document: OrderedMap, outage: GroupOutage) {
        self.document = Mutex(document)
        self.outage = outage
    }

    func load() throws -> GroupLedger { try document.withLock { try GroupLedgerCoding.decode($0) } }
    func update<R: Sendable>(_ change: (inout GroupLedger) throws -> R) throws -> R {
        try outage.step {
            try document.withLock { document in
                var ledger = try GroupLedgerCoding.decode(document)
                let result = try change(&ledger)
                document = GroupLedgerCoding.encode(ledger)
                return result
            }
        }
    }
}

/// Carries messages between sites; nothing arrives before a test says so.
final class GroupBus: Sendable {
    struct Item: Sendable, Hashable {
        let recipient: AID
        let message: [UInt8]
    }

    private let items = Mutex<[Item]>([])

    var waiting: [Item] { items.withLock { $0 } }
    func put(_ item: Item) { items.withLock { $0.append(item) } }
    /// Everything that waits, which waits no more.
    func takeAll() -> [Item] {
        items.withLock { items in
            defer { items = [] }
            return items
        }
    }
}

struct GroupBusCourier: GroupCourier {
    struct Unreachable: Error {}

    let bus: GroupBus
    let outage: GroupOutage
    var form = ExchangeForm.withRecipient
    var unreachable: Set<AID> = []

    func form(for peer: AID) async -> ExchangeForm { form }
    func send(
        _ exchange: [UInt8], attachments: [UInt8], to recipient: AID, from sender: AID, topic: String
    ) async throws {
        guard !unreachable.contains(recipient) else { throw Unreachable() }
        try outage.step { bus.put(GroupBus.Item(recipient: recipient, message: exchange + attachments)) }
    }
}

/// One member's machine: what is durable there, over which wallets come and go.
final class GroupSite {
    let name: String
    let vault = InMemoryVault()
    let walletBook = MemoryWalletBook()
    let store = MemoryKeyEventStore()
    var groupDocument = GroupLedgerCoding.encode(GroupLedger())
    let bus: GroupBus
    var outage = GroupOutage()
    var form = ExchangeForm.withRecipient
    var unreachable: Set<AID> = []
    private(set) var book: GroupFaultyBook

    init(_ name: String, _ bus: GroupBus) {
        self.name = name
        self.bus = bus
        book = GroupFaultyBook(GroupLedgerCoding.encode(GroupLedger()), outage: outage)
    }

    /// Starts again with what is durable, to be stopped at a moment.
    func restart(_ moment: GroupOutage.Moment = .never) {
        outage = GroupOutage(moment)
        let document = book.document.withLock { $0 }
        book = GroupFaultyBook(document, outage: outage)
    }

    var wallet: Wallet<GroupFaultyStore> {
        Wallet(
            store: GroupFaultyStore(store: store, outage: outage),
            vault: GroupFaultyVault(vault: vault, outage: outage),
            book: GroupFaultyWalletBook(book: walletBook, outage: outage))
    }

    var groups: Groups<GroupFaultyStore> {
        Groups(
            wallet: wallet, book: book,
            courier: GroupBusCourier(bus: bus, outage: outage, form: form, unreachable: unreachable))
    }

    var aid: AID {
        get throws { try wallet.identifier(name).aid }
    }

    func create() async throws { _ = try await wallet.create(CreationPlan(name: name), now: moment(0)) }
    func rotate() async throws {
        _ = try await Controller(wallet, name).rotate(RotationPlan(), now: moment(1))
    }

    private func moment(_ seconds: Int64) -> Timestamp { groupMoment(seconds) }
}

/// A time for tests, in seconds since a fixed moment.
func groupMoment(_ seconds: Int64 = 0) -> Timestamp { Timestamp(seconds: 1_800_000_000 + seconds) }

/// Members on machines of their own, that know each other's logs.
final class GroupWorld {
    let bus = GroupBus()
    let sites: [GroupSite]

    init(_ names: [String] = ["alice", "bob", "carol"]) async throws {
        sites = names.map { [bus] in GroupSite($0, bus) }
        for site in sites { try await site.create() }
        try shareLogs()
    }

    var alice: GroupSite { sites[0] }
    var bob: GroupSite { sites[1] }
    var carol: GroupSite { sites[2] }
    var aids: [AID] { get throws { try sites.map { try $0.aid } } }

    /// Everybody gets the log of every member.
    func shareLogs(of from: [GroupSite]? = nil, with to: [GroupSite]? = nil) throws {
        for one in from ?? sites {
            let log = try one.wallet.export(try one.aid)
            for other in to ?? sites where other !== one { _ = try other.wallet.ingest(log, now: groupMoment(2)) }
        }
    }

    func site(_ aid: AID) throws -> GroupSite {
        for site in sites where try site.aid == aid { return site }
        throw GroupError(.stranger, "nobody is \(aid)")
    }

    /// Delivers what waits, in an order, until nothing is sent any more.
    func deliver(_ order: ([GroupBus.Item]) -> [GroupBus.Item] = { $0 }) async throws {
        while !bus.waiting.isEmpty {
            for item in order(bus.takeAll()) {
                _ = try await site(item.recipient).groups.receive(item.message, now: groupMoment(10))
            }
        }
    }

    /// Delivers what waits now, and tells what became of it.
    func deliverOnce(to site: GroupSite) async throws -> [GroupOutcome] {
        var outcomes: [GroupOutcome] = []
        for item in bus.takeAll() {
            if try item.recipient == site.aid {
                outcomes.append(try await site.groups.receive(item.message, now: groupMoment(10)))
            } else {
                bus.put(item)
            }
        }
        return outcomes
    }

    func plan(_ site: GroupSite, threshold: Threshold = .count(2)) throws -> GroupPlan {
        var plan = GroupPlan(name: "team", member: try site.aid, signing: try aids)
        plan.signingThreshold = threshold
        plan.nextThreshold = threshold
        return plan
    }

    /// A group that stands on all machines.
    static func incepted(threshold: Threshold = .count(2)) async throws -> (GroupWorld, AID) {
        let world = try await GroupWorld()
        var aid: AID?
        for site in world.sites {
            aid = try await site.groups.incept(try world.plan(site, threshold: threshold), now: groupMoment(5)).event
                .aid
        }
        try await world.deliver()
        guard let aid else { throw GroupError(.groupUnknown, "nobody made a group") }
        return (world, aid)
    }

    /// All members rotate their own AIDs and tell the others.
    func rotateMembers() async throws {
        for site in sites { try await site.rotate() }
        try shareLogs()
    }

    func states(of aid: AID) throws -> [KeyState?] { try sites.map { try $0.wallet.keyState(of: aid) } }
}
