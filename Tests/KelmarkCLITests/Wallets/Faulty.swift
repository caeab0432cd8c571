// SPDX-License-Identifier: Apache-2.0

import KERI
import KERINetwork
import KelmarkCrypto
import Synchronization

/// A moment at which everything stops, as if the machine had lost power: before or behind one durable write.
final class Outage: Sendable {
    struct Happened: Error {}
    enum Moment: Sendable, Hashable { case never, before(Int), behind(Int), once(Int) }

    private let state: Mutex<(writes: Int, moment: Moment)>

    init(_ moment: Moment = .never) { state = Mutex((0, moment)) }

    /// How many durable writes there were.
    var writes: Int { state.withLock { $0.writes } }

    func write<R>(_ body: () throws -> R) throws -> R {
        let (number, moment) = state.withLock { state in
            state.writes += 1
            return (state.writes, state.moment)
        }
        // After the outage nothing is written any more.
        switch moment {
        case .before(let last) where number >= last: throw Happened()
        case .behind(let last) where number > last: throw Happened()
        case .once(number): throw Happened()
        default: break
        }
        let result = try body()
        if case .behind(number) = moment { throw Happened() }
        return result
    }
}

struct FaultyVault: KeyVault {
    let vault: InMemoryVault
    let outage: Outage

    func list() async throws -> [VaultEntry] { vault.list() }
    func load(_ name: String) async throws -> SecretBytes { try vault.load(name) }
    func apply(_ changes: [VaultChange]) async throws { try outage.write { try vault.apply(changes) } }
}

struct FaultyBook: WalletBook {
    let book: MemoryWalletBook
    let outage: Outage

    func load() throws -> [OwnedIdentifier] { book.load() }
    func save(_ identifiers: [OwnedIdentifier]) throws { try outage.write { book.save(identifiers) } }
}

struct FaultyStore: KeyEventStore {
    let store: MemoryKeyEventStore
    let outage: Outage

    func read<R: Sendable>(_ body: (inout MemoryTransaction) throws -> R) throws -> R { try store.read(body) }
    func write<R: Sendable>(_ body: (inout MemoryTransaction) throws -> R) throws -> R {
        try outage.write { try store.write(body) }
    }
}

/// The durable parts of a wallet, over which wallets come and go.
struct Medium {
    let vault = InMemoryVault()
    let book = MemoryWalletBook()
    let store = MemoryKeyEventStore()

    func wallet(_ outage: Outage = Outage(), isDryRun: Bool = false) -> Wallet<FaultyStore> {
        Wallet(
            store: FaultyStore(store: store, outage: outage), vault: FaultyVault(vault: vault, outage: outage),
            book: FaultyBook(book: book, outage: outage), isDryRun: isDryRun)
    }
}

/// A time for tests, in seconds since a fixed moment.
func moment(_ seconds: Int64 = 0) -> Timestamp { Timestamp(microseconds: 1_800_000_000_000_000 + seconds * 1_000_000) }
