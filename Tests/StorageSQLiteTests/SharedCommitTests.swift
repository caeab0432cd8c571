// SPDX-License-Identifier: Apache-2.0

import Foundation
import KERI
import StoreConformance
import Synchronization
import Testing

@testable import StorageSQLite

/// Writers that come at the same time share a commit, and fail alone.
@Suite struct SharedCommitTests {
    private struct Failure: Error {}

    /// Runs one write on each of `count` threads, the first of which does not end before all others have come.
    private func together(
        _ store: SQLiteKeyEventStore, _ count: Int,
        _ body: @escaping @Sendable (Int, inout SQLiteKeyEventTransaction) throws -> Void
    ) -> [Result<Void, any Error>] {
        let results = Mutex<[Int: Result<Void, any Error>]>([:])
        let isFirst = Atomic<Bool>(true)
        let all = DispatchGroup()
        for place in 0..<count {
            all.enter()
            Thread.detachNewThread {
                let result = Result {
                    try store.write { transaction in
                        if isFirst.exchange(false, ordering: .relaxed) {
                            while store.waitingWriters.load(ordering: .sequentiallyConsistent) < count - 1 {
                                sched_yield()
                            }
                        }
                        try body(place, &transaction)
                    }
                }
                results.withLock { $0[place] = result }
                all.leave()
            }
        }
        all.wait()
        return results.withLock { found in (0..<count).compactMap { found[$0] } }
    }

    private func succeeded(_ results: [Result<Void, any Error>]) -> [Bool] {
        results.map { if case .success = $0 { true } else { false } }
    }

    @Test func oneCommitForAll() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        let histories = try (0..<8).map { try SampleHistory("shared \($0)", events: 1) }
        do {
            let store = try SQLiteKeyEventStore(path: path)
            let results = together(store, 8) { place, transaction in
                try transaction.append(histories[place].records[0], leadingTo: histories[place].states[0])
            }
            #expect(succeeded(results) == [Bool](repeating: true, count: 8))
            #expect(store.commitCount == 1)
        }
        let store = try SQLiteKeyEventStore(path: path)
        for history in histories {
            #expect(try store.read { try $0.keyState(of: history.aid) } == history.states[0])
        }
        #expect(try store.verifyAll().isSound)
    }

    @Test func whoThrowsIsUndoneAlone() throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteKeyEventStore(path: folder.path("store.db"))
        let histories = try (0..<6).map { try SampleHistory("alone \($0)", events: 1) }
        let results = together(store, 6) { place, transaction in
            try transaction.append(histories[place].records[0], leadingTo: histories[place].states[0])
            if place % 2 == 1 { throw Failure() }
        }
        #expect(succeeded(results) == [true, false, true, false, true, false])
        for (place, history) in histories.enumerated() {
            #expect(try store.read { try $0.keyState(of: history.aid) } == (place % 2 == 0 ? history.states[0] : nil))
        }
        // The next one starts anew.
        try store.write { try $0.append(histories[1].records[0], leadingTo: histories[1].states[0]) }
        #expect(try store.read { try $0.keyState(of: histories[1].aid) } == histories[1].states[0])
    }

    /// When the medium is full, whoever was told of success has what it wrote, and nobody else.
    @Test func tellsAllWhenTheyFailTogether() throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteKeyEventStore(path: folder.path("store.db"), options: .init(pageLimit: 60))
        let histories = try (0..<6).map { try SampleHistory("full \($0)", events: $0 == 3 ? 400 : 1) }
        let results = together(store, 6) { place, transaction in
            for (record, state) in zip(histories[place].records, histories[place].states) {
                try transaction.append(record, leadingTo: state)
            }
        }
        #expect(succeeded(results)[3] == false)
        for (place, isThere) in succeeded(results).enumerated() {
            let state = try store.read { try $0.keyState(of: histories[place].aid) }
            #expect((state != nil) == isThere)
        }
        let next = try SampleHistory("next", events: 1)
        try store.write { try $0.append(next.records[0], leadingTo: next.states[0]) }
        #expect(try store.verifyAll().isSound)
    }

    @Test func moreThanOneGroupHolds() throws {
        let folder = try TemporaryFolder()
        let store = try SQLiteKeyEventStore(path: folder.path("store.db"))
        let count = SQLiteKeyEventStore.groupLimit + 6
        let histories = try (0..<count).map { try SampleHistory("many \($0)", events: 1) }
        let results = together(store, count) { place, transaction in
            try transaction.append(histories[place].records[0], leadingTo: histories[place].states[0])
        }
        #expect(succeeded(results).allSatisfy { $0 })
        #expect(store.commitCount == 2)
        #expect(try store.read { try $0.aids(after: nil, limit: 999) }.count == count)
    }
}
