// SPDX-License-Identifier: Apache-2.0

public import KERI

/// What every ``KeyEventStore`` has to do, as named checks that run against an empty store.
public struct StoreConformance<Store: KeyEventStore>: Sendable {
    let makeStore: @Sendable () throws -> Store

    /// A suite over stores that `makeStore` makes; each must be empty and independent of the others.
    public init(_ makeStore: @escaping @Sendable () throws -> Store) { self.makeStore = makeStore }

    /// Runs one check against a fresh store.
    /// - Throws: ``ConformanceFailure`` with the place in this suite, and what the store throws.
    public func run(_ check: StoreCheck) throws {
        let store = try makeStore()
        switch check {
        case .emptyStore: try emptyStore(store)
        case .appendAndRead: try appendAndRead(store)
        case .paging: try paging(store)
        case .wrongOrdinals: try wrongOrdinals(store)
        case .branches: try branches(store)
        case .proofs: try proofs(store)
        case .aids: try aids(store)
        case .ownWrites: try ownWrites(store)
        case .rollBackAppend: try rollBackAppend(store)
        case .rollBackRest: try rollBackRest(store)
        case .readsDoNotWrite: try readsDoNotWrite(store)
        case .conflictInsideTransaction: try conflictInsideTransaction(store)
        case .escrowOrder: try escrowOrder(store)
        case .escrowKeys: try escrowKeys(store)
        case .escrowCounts: try escrowCounts(store)
        case .escrowReplacement: try escrowReplacement(store)
        case .escrowWaiting: try escrowWaiting(store)
        case .escrowQuotas: try escrowQuotas(store)
        case .escrowAges: try escrowAges(store)
        case .sealings: try sealings(store)
        case .attempts: try attempts(store)
        case .largeSequenceNumbers: try largeSequenceNumbers(store)
        case .replies: try replies(store)
        case .duplicities: try duplicities(store)
        case .bigBatch: try bigBatch(store)
        case .manyLogsInOneTransaction: try manyLogsInOneTransaction(store)
        case .processing: try processing(store)
        case .concurrentWriters: try concurrentWriters(store)
        }
    }
}

/// The checks of ``StoreConformance``.
public enum StoreCheck: String, CaseIterable, Sendable, CustomStringConvertible {
    case emptyStore = "an empty store answers everything"
    case appendAndRead = "what is appended is read back equal"
    case paging = "records come in pages, in order"
    case wrongOrdinals = "a log grows one ordinal at a time"
    case branches = "after a recovery the trunk and the old branch are found"
    case proofs = "a proof is replaced, with every kind of receipt"
    case aids = "AIDs come in pages, in order"
    case ownWrites = "a transaction sees its own writes"
    case rollBackAppend = "a throwing body undoes appends and proofs"
    case rollBackRest = "a throwing body undoes escrows, replies and duplicity"
    case readsDoNotWrite = "a read never changes anything"
    case conflictInsideTransaction = "a refused append leaves the transaction usable"
    case escrowOrder = "escrows come in order of arrival, filtered and limited"
    case escrowKeys = "escrow keys differ in each of their parts"
    case escrowCounts = "escrows are counted per AID and in all"
    case escrowReplacement = "a replaced escrow keeps its place"
    case escrowWaiting = "escrows are found by the log that they wait for"
    case escrowQuotas = "unverified escrows are counted, the oldest is found"
    case escrowAges = "escrows are found by their age"
    case sealings = "sealing events are found by what they seal, latest first"
    case attempts = "an attempt that throws is undone alone"
    case largeSequenceNumbers = "sequence numbers of 128 bits are kept"
    case replies = "replies are replaced and sorted by key"
    case duplicities = "evidence of duplicity is kept once, in order"
    case bigBatch = "a thousand events in one transaction"
    case manyLogsInOneTransaction = "two thousand logs in one transaction"
    case processing = "a processor decides the same as over any other store"
    case concurrentWriters = "concurrent writers do not lose writes"

    public var description: String { rawValue }
}

/// A broken expectation of ``StoreConformance``.
public struct ConformanceFailure: Error, CustomStringConvertible {
    /// Where and what.
    public let description: String

    init(_ words: String, line: Int = #line, file: String = #fileID) { description = "\(file):\(line): \(words)" }
}

func expect(_ condition: Bool, _ words: String = "", line: Int = #line, file: String = #fileID) throws {
    guard condition else { throw ConformanceFailure("expectation failed \(words)", line: line, file: file) }
}

func expect<T: Equatable>(
    _ found: T, is expected: T, line: Int = #line, file: String = #fileID
) throws {
    guard found == expected else {
        throw ConformanceFailure(
            "found \(String(describing: found).prefix(400)), expected \(String(describing: expected).prefix(400))",
            line: line, file: file)
    }
}

func expect(
    _ code: StoreError.Code, line: Int = #line, file: String = #fileID, from body: () throws -> Void
) throws {
    do {
        try body()
    } catch let error as StoreError {
        guard error.code == code else {
            throw ConformanceFailure("threw \(error), not \(code)", line: line, file: file)
        }
        return
    }
    throw ConformanceFailure("did not throw \(code)", line: line, file: file)
}
