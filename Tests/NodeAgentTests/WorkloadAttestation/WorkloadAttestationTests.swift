// SPDX-License-Identifier: Apache-2.0

import LogTestKit
import SPIFFE
import Synchronization
import Testing

@testable import NodeAgent

struct WorkloadAttestationTests {
    let processes = FakeProcesses()
    let clock = TestClock()

    private struct Failure: Error {}

    private func attestation(_ attestors: any WorkloadAttestor...) -> WorkloadAttestation {
        WorkloadAttestation(
            attestors, clock: clock, threads: BlockingThreads(), logger: Sample.silent, showsSelectors: true)
    }

    private func process() throws -> ProcessHandle {
        processes.add(7)
        return try ProcessHandle(pid: 7, in: processes.table)
    }

    @Test func `what all attestors find is put together`() async throws {
        let found = try await attestation(
            FixedAttestor("a") { _ in [Sample.web] }, FixedAttestor("b") { _ in [Sample.group] }
        ).selectors(of: try process())
        #expect(found == [Sample.web, Sample.group])
    }

    @Test func `one that fails is left out`() async throws {
        let found = try await attestation(
            FixedAttestor { _ in throw Failure() }, FixedAttestor { _ in [Sample.web] }
        ).selectors(of: try process())
        #expect(found == [Sample.web])
    }

    @Test func `when all fail, so does the attestation; finding nothing is no failure`() async throws {
        let process = try process()
        await #expect(throws: WorkloadDenial.attestationFailed) {
            try await attestation(FixedAttestor { _ in throw Failure() }).selectors(of: process)
        }
        await #expect(throws: WorkloadDenial.attestationFailed) { try await attestation().selectors(of: process) }
        #expect(try await attestation(FixedAttestor { _ in [] }).selectors(of: process).isEmpty)
    }

    @Test func `who fails all the time does not fill the log, and others are still told of`() async throws {
        let log = LineCollector()
        let attestation = WorkloadAttestation(
            [FixedAttestor { _ in throw Failure() }], clock: clock, threads: BlockingThreads(), logger: log.logger)
        processes.add(8, uid: 1001)
        for (pid, calls) in [(Int32(7), 25), (8, 1)] {
            if pid == 7 { _ = try process() }
            let process = try ProcessHandle(pid: pid, in: processes.table)
            for _ in 0..<calls {
                await #expect(throws: WorkloadDenial.attestationFailed) { try await attestation.selectors(of: process) }
            }
        }
        #expect(log.lines.map { $0.fields["pid"] } == Array(repeating: "7", count: 20) + ["8"])
        #expect(log.lines.last?.fields["left_out"] == "5")
    }

    @Test func `one that hangs is given up after a while`() async throws {
        let process = try process()
        let attestation = attestation(
            FixedAttestor { [clock] _ in
                try await clock.sleep(for: .seconds(1_000_000))
                return [Sample.group]
            }, FixedAttestor { _ in [Sample.web] })
        async let found = attestation.selectors(of: process)
        await clock.untilSleeping(2)
        // The patience of the one that answered may still sleep; that of the other ends now.
        while clock.sleeping > 0 {
            clock.advance(by: .seconds(36))
            await Task.yield()
        }
        #expect(try await found == [Sample.web])
    }

    @Test func `a number that goes to another process while it is attested is noticed`() async throws {
        let process = try process()
        let processes = processes
        let attestation = attestation(
            FixedAttestor { _ in
                processes.add(7, startTime: 200)
                return [Sample.web]
            })
        await #expect(throws: WorkloadDenial.attestationFailed) { try await attestation.selectors(of: process) }
    }

    @Test func `a number that went to another process between accept and attestation is noticed`() async throws {
        let process = try process()
        processes.add(7, startTime: 200)
        let attestation = attestation(FixedAttestor { _ in [Sample.web] })
        await #expect(throws: WorkloadDenial.attestationFailed) { try await attestation.selectors(of: process) }
    }

    @Test func `what is read for a caller is read in the line of its user`() async throws {
        processes.add(7, uid: 1234)
        let attestation = attestation(
            FixedAttestor { _ in
                [try Selector(type: "line", value: "\(BlockingThreads.caller.map { String($0) } ?? "own")")]
            })
        let process = try ProcessHandle(pid: 7, in: processes.table)
        #expect(try await attestation.selectors(of: process) == [try Selector("line:1234")])
    }

    @Test func `a process can be named by its number`() async throws {
        processes.add(9)
        let attestation = attestation(
            FixedAttestor { process in [try Selector(type: "pid", value: String(process.pid))] })
        #expect(try await attestation.selectors(ofPID: 9, in: processes.table) == [try Selector("pid:9")])
        for pid in [0, 10] as [Int32] {
            await #expect(throws: WorkloadDenial.attestationFailed) {
                try await attestation.selectors(ofPID: pid, in: processes.table)
            }
        }
    }
}

struct BlockingThreadsTests {
    @Test func `calls run side by side, and the line has an end`() async throws {
        let threads = BlockingThreads(width: 1, longestLine: 1)
        let gate = Gate()
        async let first = threads.run { gate.pass() }
        await gate.untilReached()
        async let second = threads.run { 2 }
        while threads.waiting < 1 { await Task.yield() }
        await #expect(throws: BlockingThreads.Busy.self) { try await threads.run { 3 } }
        gate.open()
        _ = try await first
        #expect(try await second == 2)
        #expect(try await threads.run { 4 } == 4)
    }

    @Test func `callers keep the agent from nothing`() async throws {
        let threads = BlockingThreads(width: 1, longestLine: 1)
        let gate = Gate()
        async let held: Void = BlockingThreads.$caller.withValue(1000) { try await threads.run { gate.pass() } }
        await gate.untilReached()
        #expect(try await threads.run { 1 } == 1)
        gate.open()
        try await held
    }

    private final class Calls: Sendable {
        private let threads: BlockingThreads
        private let names = Mutex<[String]>([])

        init(_ threads: BlockingThreads) { self.threads = threads }

        var inOrder: [String] { names.withLock { $0 } }

        func make(_ name: String, by caller: UInt32) async throws {
            try await BlockingThreads.$caller.withValue(caller) {
                try await threads.run { self.names.withLock { $0.append(name) } }
            }
        }
    }

    @Test func `each user has a line, and the lines take turns`() async throws {
        let threads = BlockingThreads(width: 1, longestLine: 2)
        let calls = Calls(threads)
        let gate = Gate()
        async let held: Void = BlockingThreads.$caller.withValue(1000) { try await threads.run { gate.pass() } }
        await gate.untilReached()
        async let first: Void = calls.make("a1", by: 1000)
        while threads.waiting < 1 { await Task.yield() }
        async let second: Void = calls.make("a2", by: 1000)
        while threads.waiting < 2 { await Task.yield() }
        // His line is full; that of another is not.
        await #expect(throws: BlockingThreads.Busy.self) { try await calls.make("a3", by: 1000) }
        async let other: Void = calls.make("b1", by: 2000)
        while threads.waiting < 3 { await Task.yield() }
        gate.open()
        _ = try await (held, first, second, other)
        #expect(calls.inOrder == ["a1", "b1", "a2"])
    }

    @Test func `who is cancelled waits no longer`() async throws {
        let threads = BlockingThreads(width: 1)
        let gate = Gate()
        let task = Task { try await threads.run { gate.pass() } }
        await gate.untilReached()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        gate.open()
    }
}
