// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import SPIFFE

@testable import NodeAgent

enum Sample {
    static let now = CertificateTime("2026-08-01T12:00:00Z")!
    static let domain = try! TrustDomain("example.org")
    static let partner = try! TrustDomain("partner.test")
    static let agentID = try! SPIFFEID("spiffe://example.org/spire/agent/join_token/abc")
    static let web = try! Selector("unix:uid:1000")
    static let group = try! Selector("unix:gid:1000")
    static let other = try! Selector("unix:uid:2000")
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let steady = Jitter { 0.5 }

    static func entry(
        _ id: String, path: String = "/web", selectors: Set<Selector> = [web], createdAt: Int64 = 0, hint: String = "",
        change: (inout RegistrationEntry) -> Void = { _ in }
    ) -> RegistrationEntry {
        var entry = RegistrationEntry(
            id: id, spiffeID: try! SPIFFEID(trustDomain: domain, path: path), parentID: agentID, selectors: selectors)
        entry.createdAt = createdAt
        entry.hint = hint
        change(&entry)
        return entry
    }

    /// An SVID for an entry, as the issuer would give it.
    static func held(
        _ entry: RegistrationEntry, by authority: TestAuthority, at time: CertificateTime = now, lifetime: Int64 = 3600
    ) -> HeldSVID {
        let key = try! SVIDKey.random(.p256)
        let chain = authority.chain(
            entry.spiffeID, request: try! key.certificateRequest(), notBefore: time, lifetime: lifetime)
        return try! HeldSVID(
            chain: chain, for: entry, key: key, under: authority.bundle().x509Bundle, at: time, spread: 1)
    }
}

/// A clock that stands still until a test moves it; who sleeps wakes when it has moved far enough.
final class TestClock: AgentClock, @unchecked Sendable {
    private struct Sleeper {
        let until: Duration
        let continuation: CheckedContinuation<Void, Never>
    }

    // `@unchecked`: everything below is only touched under `lock`.
    private let lock = NSLock()
    private var elapsed = Duration.zero
    private var shift: Int64 = 0
    private var sleepers: [Int: Sleeper] = [:]
    private var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    private var next = 0
    private let start: CertificateTime

    init(_ start: CertificateTime = Sample.now) { self.start = start }

    func now() -> CertificateTime { lock.withLock { start.advanced(by: elapsed.components.seconds + shift) } }

    func sleep(for duration: Duration) async throws(CancellationError) {
        let number = lock.withLock {
            next += 1
            return next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let woken: [CheckedContinuation<Void, Never>] = lock.withLock {
                    guard !Task.isCancelled, duration > .zero else { return [continuation] }
                    sleepers[number] = Sleeper(until: elapsed + duration, continuation: continuation)
                    let ready = watchers.filter { $0.count <= sleepers.count }
                    watchers.removeAll { $0.count <= sleepers.count }
                    return ready.map(\.continuation)
                }
                for one in woken { one.resume() }
            }
        } onCancel: {
            lock.withLock { sleepers.removeValue(forKey: number) }?.continuation.resume()
        }
        if Task.isCancelled { throw CancellationError() }
    }

    /// Moves the time on and wakes who has slept long enough.
    func advance(by duration: Duration) {
        let woken = lock.withLock {
            elapsed += duration
            let due = sleepers.filter { $0.value.until <= elapsed }
            for number in due.keys { sleepers[number] = nil }
            return due.values.map(\.continuation)
        }
        for one in woken { one.resume() }
    }

    /// Sets the time of day; who sleeps notices nothing.
    func step(by seconds: Int64) { lock.withLock { shift += seconds } }

    /// How many sleep.
    var sleeping: Int { lock.withLock { sleepers.count } }

    /// Returns when at least so many sleep.
    func untilSleeping(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isNow = lock.withLock {
                guard sleepers.count < count else { return true }
                watchers.append((count, continuation))
                return false
            }
            if isNow { continuation.resume() }
        }
    }
}

/// A folder that is gone when the value is.
final class TemporaryFolder: Sendable {
    let url: URL
    var path: String { url.path() }

    init() {
        url = FileManager.default.temporaryDirectory.appending(
            path: "kelmark-\(UUID().uuidString)", directoryHint: .notDirectory)
        try! FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ name: String, _ text: String) {
        let file = url.appending(path: name)
        try! FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try! Data(text.utf8).write(to: file)
    }

    func link(_ name: String, to target: String) {
        let file = url.appending(path: name)
        try? FileManager.default.removeItem(at: file)
        try! FileManager.default.createSymbolicLink(atPath: file.path(), withDestinationPath: target)
    }

    func remove(_ name: String) { try! FileManager.default.removeItem(at: url.appending(path: name)) }
}

/// A folder that looks like `/proc`.
struct FakeProcesses: Sendable {
    let folder = TemporaryFolder()
    var table: ProcessTable { ProcessTable(folder: folder.path) }

    func add(
        _ pid: Int32, name: String = "web", startTime: UInt64 = 100, uid: UInt32 = 1000, gid: UInt32 = 1000,
        groups: [UInt32] = [], cgroup: String = "0::/user.slice\n", mounts: String = ""
    ) {
        let numbers = (0..<18).map { _ in "1" }.joined(separator: " ")
        folder.write("\(pid)/stat", "\(pid) (\(name)) S \(numbers) \(startTime) 0 0\n")
        folder.write(
            "\(pid)/status",
            "Name:\t\(name)\nUid:\t1\t\(uid)\t2\t3\nGid:\t4\t\(gid)\t5\t6\nGroups:\t\(groups.map(String.init).joined(separator: " ")) \n"
        )
        folder.write("\(pid)/cgroup", cgroup)
        folder.write("\(pid)/mountinfo", mounts)
    }

    func remove(_ pid: Int32) { folder.remove("\(pid)") }
}

/// Selectors that a test decides about.
struct FixedAttestor: WorkloadAttestor {
    let name: String
    let answer: @Sendable (ProcessHandle) async throws -> Set<Selector>

    init(_ name: String = "unix", _ answer: @escaping @Sendable (ProcessHandle) async throws -> Set<Selector>) {
        self.name = name
        self.answer = answer
    }

    func selectors(of process: ProcessHandle) async throws -> Set<Selector> { try await answer(process) }
}

/// Holds a thread until a test lets it go.
final class Gate: @unchecked Sendable {
    // `@unchecked`: everything below is only touched under `condition`.
    private let condition = NSCondition()
    private var isReached = false
    private var isOpen = false
    private var watcher: CheckedContinuation<Void, Never>?

    func pass() {
        condition.withLock {
            isReached = true
            watcher?.resume()
            watcher = nil
            while !isOpen { condition.wait() }
        }
    }

    func open() {
        condition.withLock {
            isOpen = true
            condition.broadcast()
        }
    }

    func untilReached() async {
        await withCheckedContinuation { continuation in
            condition.withLock {
                if isReached { continuation.resume() } else { watcher = continuation }
            }
        }
    }
}

/// Counts.
final class Counter: @unchecked Sendable {
    // `@unchecked`: `count` is only touched under `lock`.
    private let lock = NSLock()
    private var count = 0

    var value: Int { lock.withLock { count } }

    func next() -> Int {
        lock.withLock {
            count += 1
            return count
        }
    }
}

/// On or off.
final class Switch: @unchecked Sendable {
    // `@unchecked`: `value` is only touched under `lock`.
    private let lock = NSLock()
    private var value = false

    var isOn: Bool {
        get { lock.withLock { value } }
        set { lock.withLock { value = newValue } }
    }
}

/// The same numbers in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
