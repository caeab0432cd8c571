// SPDX-License-Identifier: Apache-2.0

import SPIFFE
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
