// SPDX-License-Identifier: Apache-2.0

import CESR
import Dispatch
import Foundation
import Glibc
import KERI
import StorageSQLite
import Synchronization

/// Writers of one SQLite store, each with a log of its own, one decision a `write`: alone, one after the other, and
/// together, when those who wait share a commit.
enum WritersBenchmark {
    private static let events = 4096

    static func run(folder: String) throws {
        print("durable decisions into SQLite, \(events) events, each its own write, median of 5")
        for (writers, inTurn) in [(1, false), (16, true), (16, false)] {
            let logs = try (0..<writers).map {
                try messages(KeyLogFixture(events: events / writers, name: "writer \($0)").stream)
            }
            var times: [Double] = []
            var commits = 0
            for round in 0..<5 {
                let path = "\(folder)/writers-\(writers)-\(inTurn)-\(round).db"
                let store = try SQLiteKeyEventStore(path: path)
                times.append(try Measurement.of { try write(logs, to: store, inTurn: inTurn) }.seconds)
                commits = store.commitCount
            }
            print(
                "  \(writers) writer(s)\(inTurn ? ", one at a time" : ""):",
                "\(grouped(Double(events) / times.median)) events/s, \(commits) synced commits")
        }
    }

    private static func write(
        _ logs: [[(Message, Attachments)]], to store: SQLiteKeyEventStore, inTurn: Bool
    ) throws {
        let turn = Mutex<Void>(())
        let failures = Mutex<Int>(0)
        let all = DispatchGroup()
        for log in logs {
            all.enter()
            Thread.detachNewThread {
                let processor = EventProcessor(store: store)
                for (message, attachments) in log {
                    func process() -> Bool {
                        (try? processor.process(message, with: attachments, now: ReplayBenchmark.now))?.isInLog ?? false
                    }
                    let isDone = inTurn ? turn.withLock { _ in process() } : process()
                    if !isDone { failures.withLock { $0 += 1 } }
                }
                all.leave()
            }
        }
        all.wait()
        guard failures.withLock({ $0 }) == 0 else { throw FixtureError() }
    }

    /// Types a stream once, so that only deciding and storing is measured.
    private static func messages(_ stream: [UInt8]) throws -> [(Message, Attachments)] {
        var reader = StreamReader()
        var parser = MessageParser()
        var found: [(Message, Attachments)] = []
        while case .message(let frame) = reader.next(in: stream.span) {
            let message = try parser.parse(stream.span.extracting(frame.bodyRange), version: frame.version)
            found.append((message, frame.attachments))
        }
        return found
    }
}
