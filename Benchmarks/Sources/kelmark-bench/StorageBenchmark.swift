// SPDX-License-Identifier: Apache-2.0

import Glibc
import KERI
import StorageSQLite

/// Replay into SQLite: every commit is synced to the medium before it is acknowledged (WAL, synchronous = FULL).
enum StorageBenchmark {
    static func run(folder: String) throws {
        let fixture = try KeyLogFixture(events: 10_000)
        print("durable replay into SQLite, 10 000 events, one thread, median of 5")
        for batch in [1, 64, 1024] {
            var times: [Double] = []
            var commits = 0
            for round in 0..<5 {
                let result = try replay(fixture.stream, batch: batch, path: "\(folder)/bench-\(batch)-\(round).db")
                precondition(result.accepted == fixture.events)
                times.append(result.seconds)
                commits = result.commits
            }
            print(
                "  \(batch) event(s) a commit: \(grouped(10_000 / times.median)) events/s,",
                "\(commits) synced commits, \(rounded(Double(commits) / 10_000)) an event")
        }
    }

    /// One stream, as `scripts/bench` gives it to keripy too.
    static func file(_ path: String, folder: String) throws {
        let stream = try readFile(path)
        var accepted = 0
        let memory = try Measurement.of { accepted = try ReplayBenchmark.replay(stream) }.seconds
        let durable = try replay(stream, batch: 1, path: "\(folder)/file.db")
        print("kelmark memory \(accepted) \(memory)")
        print("kelmark durable \(durable.accepted) \(durable.seconds) \(durable.commits)")
    }

    private static func replay(
        _ stream: [UInt8], batch: Int, path: String
    ) throws -> (accepted: Int, seconds: Double, commits: Int) {
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        let store = try SQLiteKeyEventStore(path: path)
        let before = store.commitCount
        var processor = StreamProcessor(EventProcessor(store: store), batch: batch)
        var accepted = 0
        let seconds = try Measurement.of {
            try processor.process(stream, now: ReplayBenchmark.now) { report in
                if case .decided(_, _, .accepted) = report.result { accepted += 1 }
            }
        }.seconds
        return (accepted, seconds, store.commitCount - before)
    }
}
