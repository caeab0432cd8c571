// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import KERIHTTP

/// Who is let in, and who is closed when.
struct ConnectionRegistryTests {
    private final class Closed: Sendable {
        private let names = Mutex<Set<String>>([])
        var all: Set<String> { names.withLock { $0 } }
        func closing(_ name: String) -> @Sendable () -> Void {
            { [self] in names.withLock { _ = $0.insert(name) } }
        }
    }

    private static func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        change(&limits)
        return limits
    }

    @Test func sourcesAndSumsAreBounded() {
        let registry = ConnectionRegistry(
            Self.limits {
                $0.connections = 3
                $0.connectionsPerSource = 2
            })
        let first = registry.admit(from: "192.0.2.1") {}
        #expect(registry.admit(from: "192.0.2.1") {} != nil)
        #expect(registry.admit(from: "192.0.2.1") {} == nil)
        #expect(registry.admit(from: "192.0.2.2") {} != nil)
        #expect(registry.admit(from: "192.0.2.3") {} == nil)
        if let first { registry.remove(first) }
        if let first { registry.remove(first) }
        #expect(registry.admit(from: "192.0.2.3") {} != nil)
        #expect(registry.admit(from: "192.0.2.4") {} == nil)
    }

    /// Who has one IPv6 address has 2^64 of them.
    @Test func anIPv6NetworkIsOneSource() {
        let registry = ConnectionRegistry(
            Self.limits {
                $0.connectionsPerSource = 1
                $0.streamsPerSource = 1
            })
        let first = registry.admit(from: "2001:db8::1") {}
        #expect(first != nil)
        #expect(registry.admit(from: "2001:db8::2") {} == nil)
        #expect(registry.admit(from: "2001:db8:0:1::1") {} != nil)
        #expect(registry.beginStream(first ?? 0, source: "2001:db8::1"))
        #expect(!registry.beginStream(0, source: "2001:db8::2"))
        registry.endStream(source: "2001:db8::1")
        #expect(registry.beginStream(0, source: "2001:db8::2"))
        if let first { registry.remove(first) }
        #expect(registry.admit(from: "2001:db8::2") {} != nil)
    }

    @Test func drainingClosesAllButAnswers() {
        let registry = ConnectionRegistry(ServerLimits())
        let closed = Closed()
        let names = ["resting", "answering", "answered", "streaming"]
        let numbers = names.map { registry.admit(from: $0, close: closed.closing($0)) ?? 0 }
        for number in numbers[1...] { registry.set(number, isAnswering: true) }
        registry.set(numbers[2], isAnswering: false)
        #expect(registry.beginStream(numbers[3], source: "streaming"))
        registry.drain()
        #expect(closed.all == ["resting", "answered", "streaming"])
        #expect(registry.isDraining)
        #expect(registry.admit(from: "late") {} == nil)
        #expect(!registry.beginStream(numbers[1], source: "answering"))
    }
}
