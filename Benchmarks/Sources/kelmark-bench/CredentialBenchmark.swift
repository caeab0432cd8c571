// SPDX-License-Identifier: Apache-2.0

import ACDC
import Glibc
import KERI
import StorageSQLite

/// Verification of issued credentials with everything that vouches for them, from a stream into an empty store.
enum CredentialBenchmark {
    /// Writes a stream and its schema, for keripy to read.
    static func make(count: Int, isChained: Bool, stream: String, schema: String) throws {
        let fixture = try CredentialFixture(count: count, isChained: isChained)
        try writeFile(fixture.stream, to: stream)
        try writeFile(fixture.schema.bytes, to: schema)
    }

    /// One round: into memory, into SQLite, and the same signatures by the bare C library.
    static func file(_ path: String, schema: String, folder: String) throws {
        let stream = try readFile(path)
        let schema = try CredentialSchema(parsing: readFile(schema))
        let store = MemoryCredentialStore()
        let memory = try verify(stream, schema, into: store, batch: 1)
        print("kelmark memory \(memory.accepted) \(memory.seconds)")
        for batch in [1, 1024] {
            let database = "\(folder)/credentials-\(batch).db"
            for suffix in ["", "-wal", "-shm"] { unlink(database + suffix) }
            let store = try SQLiteCredentialStore(SQLiteKeyEventStore(path: database))
            let before = store.keyEventLogs.commitCount
            let durable = try verify(stream, schema, into: store, batch: batch)
            print(
                "kelmark durable-\(batch) \(durable.accepted) \(durable.seconds)",
                store.keyEventLogs.commitCount - before)
        }
    }

    /// Our time for a stream, and that of the bare signature checks in it.
    static func bare(count: Int, isChained: Bool) throws {
        let fixture = try CredentialFixture(count: count, isChained: isChained)
        var times: [String: [Double]] = [:]
        for _ in 0..<ReplayBenchmark.rounds {
            times["bare", default: []].append(
                Measurement.of { ReplayBenchmark.bare(fixture.checks, of: fixture.stream, threads: 1) }.seconds)
            let ours = try verify(fixture.stream, fixture.schema, into: MemoryCredentialStore(), batch: 1)
            precondition(ours.accepted == count, "only \(ours.accepted) credentials accepted")
            times["ours", default: []].append(ours.seconds)
        }
        let bare = (times["bare"] ?? []).median
        let ours = (times["ours"] ?? []).median
        print(
            "  \(count) credentials\(isChained ? ", chained" : ""), memory, one thread:",
            "\(grouped(Double(count) / ours)) credentials/s,",
            "bare libsodium \(grouped(Double(fixture.checks.count) / bare)) checks/s, share \(rounded(bare / ours)),",
            "overhead \(grouped((ours - bare) / Double(count) * 1e9)) ns/credential")
    }

    private static func verify<Store: CredentialStore>(
        _ stream: [UInt8], _ schema: CredentialSchema, into store: Store, batch: Int
    ) throws -> (accepted: Int, seconds: Double) {
        let processor = CredentialProcessor(store: store)
        try processor.learn(schema)
        var stage = CredentialStreamProcessor(processor, batch: batch)
        var accepted = 0
        let seconds = try Measurement.of {
            try stage.process(stream, now: ReplayBenchmark.now) { report in
                if case .credential(_, let judgement) = report.result, judgement.outcome == .accepted { accepted += 1 }
            }
        }.seconds
        return (accepted, seconds)
    }
}
