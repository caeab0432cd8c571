// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import KERINetwork
internal import KelmarkBytes
internal import Synchronization

/// A small book in one file of the home folder: read whole, written whole, and durable when `update` returns.
final class StateFile<Value: Sendable>: Sendable {
    private let path: String
    private let empty: Value
    private let decode: @Sendable (OrderedMap) throws -> Value
    private let encode: @Sendable (Value) -> OrderedMap
    private let turn = Mutex<Void>(())
    private static var largest: Int { 64 << 20 }

    init(
        path: String, empty: Value, decode: @escaping @Sendable (OrderedMap) throws -> Value,
        encode: @escaping @Sendable (Value) -> OrderedMap
    ) {
        self.path = path
        self.empty = empty
        self.decode = decode
        self.encode = encode
    }

    func load() throws -> Value {
        guard access(path, F_OK) == 0 else { return empty }
        return try read(try DurableFile.read(path, atMost: Self.largest))
    }

    private func read(_ bytes: [UInt8]) throws -> Value {
        let limits = Limits(bodyBytes: Self.largest, documentValues: 1 << 22)
        guard let document = (try? OrderedValue(parsing: bytes.span, format: .json, limits: limits))?.mapValue else {
            throw ControllerError(.bookDamaged, "\(path) is no JSON document of ours")
        }
        return try decode(document)
    }

    func update<Result: Sendable>(_ change: (inout Value) throws -> Result) throws -> Result {
        try turn.withLock { _ in
            var value = try load()
            let result = try change(&value)
            let bytes = try encode(value).encoded(as: .json)
            // What could not be read back would be lost.
            guard bytes.count <= Self.largest else {
                throw CommandFailure("KM-INPUT-TOO-LARGE", "\(path) would have more than \(Self.largest) bytes")
            }
            _ = try read(bytes)
            try DurableFile.write(bytes, to: path, failure: HomeFolder.failure)
            return result
        }
    }
}

extension StateFile: GroupBook where Value == GroupLedger {
    /// The groups of a home folder.
    convenience init(groupsOf home: HomeFolder) {
        self.init(
            path: home.groups, empty: GroupLedger(), decode: { try GroupLedgerCoding.decode($0) },
            encode: { GroupLedgerCoding.encode($0) })
    }
}

extension StateFile: ChallengeBook where Value == ChallengeLedger {
    /// The challenges of a home folder.
    convenience init(challengesOf home: HomeFolder) {
        self.init(
            path: home.challenges, empty: ChallengeLedger(), decode: { try ChallengeLedgerCoding.decode($0) },
            encode: { ChallengeLedgerCoding.encode($0) })
    }
}

extension StateFile: RegistryBook where Value == RegistryLedger {
    /// The registries of a home folder.
    convenience init(registriesOf home: HomeFolder) {
        self.init(
            path: home.registries, empty: RegistryLedger(), decode: { try RegistryLedgerCoding.decode($0) },
            encode: { RegistryLedgerCoding.encode($0) })
    }
}

extension StateFile: ExchangeBook where Value == ExchangeLedger {
    /// The exchanges about credentials of a home folder.
    convenience init(exchangesOf home: HomeFolder) {
        self.init(
            path: home.exchanges, empty: ExchangeLedger(), decode: { try ExchangeLedgerCoding.decode($0) },
            encode: { ExchangeLedgerCoding.encode($0) })
    }
}

extension StateFile: MailCursors where Value == [MailCursor: UInt64] {
    /// How far the mailboxes of a home folder have been read.
    convenience init(cursorsOf home: HomeFolder) {
        self.init(
            path: home.cursors, empty: [:], decode: { try MailCursorCoding.decode($0) },
            encode: { MailCursorCoding.encode($0) })
    }

    func next(_ cursor: MailCursor) throws -> UInt64 { try load()[cursor] ?? 0 }
    func advance(_ cursor: MailCursor, to index: UInt64) throws { try update { $0[cursor] = index } }
}
