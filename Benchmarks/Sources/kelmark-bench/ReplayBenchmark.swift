// SPDX-License-Identifier: Apache-2.0

import CSodiumBare
import Dispatch
import KERI

/// Replay of a key event log into a store in memory, beside the bare C library doing the same signature checks.
enum ReplayBenchmark {
    static let rounds = 5
    static let now = Timestamp(seconds: 1_700_000_000)

    static func run() throws {
        print("replay into memory, 10 000 events, \(rounds) rounds interleaved, medians; share = bare time / our time")
        for witnesses in [0, 3] {
            let fixture = try KeyLogFixture(events: 10_000, witnesses: witnesses)
            var times: [String: [Double]] = [:]
            for _ in 0..<rounds {
                times["bare 1", default: []].append(Measurement.of { bare(fixture, threads: 1) }.seconds)
                times["ours 1", default: []].append(try timed(fixture) { try replay($0) })
                times["bare 2", default: []].append(Measurement.of { bare(fixture, threads: 2) }.seconds)
                times["ours 2", default: []].append(try timed(fixture) { try replayOnTwoThreads($0) })
            }
            for threads in [1, 2] {
                guard let bare = times["bare \(threads)"], let ours = times["ours \(threads)"] else { continue }
                let events = Double(fixture.events)
                let share = bare.median / ours.median
                print(
                    "  \(witnesses) witnesses, \(threads) thread(s):",
                    "bare libsodium \(grouped(Double(fixture.checks.count) / bare.median)) checks/s,",
                    "replay \(grouped(events / ours.median)) events/s, share \(rounded(share)),",
                    "overhead \(Int((ours.median - bare.median) * Double(threads) / events * 1e9)) ns/event")
            }
        }
    }

    private static func timed(_ fixture: KeyLogFixture, _ work: ([UInt8]) throws -> Int) throws -> Double {
        var accepted = 0
        let time = try Measurement.of { accepted = try work(fixture.stream) }.seconds
        precondition(accepted == fixture.events, "only \(accepted) events accepted")
        return time
    }

    /// All signature checks of a fixture by the bare C library.
    static func bare(_ fixture: KeyLogFixture, threads: Int, first count: Int = .max) {
        bare(Array(fixture.checks.prefix(count)), of: fixture.stream, threads: threads)
    }

    /// Signature checks in a stream by the bare C library.
    static func bare(_ checks: [KeyLogFixture.Check], of stream: [UInt8], threads: Int) {
        stream.withUnsafeBufferPointer { stream in
            guard let base = stream.baseAddress else { return }
            nonisolated(unsafe) let start = base  // read only, and alive until all threads have returned
            let share = (checks.count + threads - 1) / threads
            DispatchQueue.concurrentPerform(iterations: threads) { thread in
                for check in checks[(thread * share)..<min((thread + 1) * share, checks.count)] {
                    let result = crypto_sign_verify_detached(
                        check.signature, start + check.message.lowerBound, UInt64(check.message.count), check.key)
                    precondition(result == 0)
                }
            }
        }
    }

    static func replay(_ stream: [UInt8]) throws -> Int {
        var processor = StreamProcessor(EventProcessor(store: MemoryKeyEventStore()))
        var accepted = 0
        try processor.process(stream, now: now) { report in
            if case .decided(_, _, .accepted) = report.result { accepted += 1 }
        }
        return accepted
    }

    static func replayOnTwoThreads(_ stream: [UInt8]) throws -> Int {
        let replay = BulkReplay(EventProcessor(store: MemoryKeyEventStore()), executor: TwoThreads())
        var accepted = 0
        try replay.process(stream, now: now) { report in
            if case .decided(_, _, .accepted) = report.result { accepted += 1 }
        }
        return accepted
    }
}

/// All pieces on the two threads of Dispatch's pool here.
struct TwoThreads: ParallelExecutor {
    func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
        DispatchQueue.concurrentPerform(iterations: count, execute: body)
    }
}

/// Three digits behind the point.
func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
