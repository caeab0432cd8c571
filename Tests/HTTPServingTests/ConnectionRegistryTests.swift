// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization
import Testing

@testable import HTTPServing

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

    @Test func sourcesAndSumsAreBounded() throws {
        let registry = ConnectionRegistry(
            Self.limits {
                $0.connections = 3
                $0.connectionsPerSource = 2
            })
        func admit(_ address: String) throws -> Int? {
            let number = registry.admit(from: try .at(address)) {}
            if let number { registry.set(number, isAnswering: true) }
            return number
        }
        let first = try admit("192.0.2.1")
        #expect(try admit("192.0.2.1") != nil)
        #expect(try admit("192.0.2.1") == nil)
        #expect(try admit("192.0.2.2") != nil)
        #expect(try admit("192.0.2.3") == nil)
        if let first { registry.remove(first) }
        if let first { registry.remove(first) }
        #expect(try admit("192.0.2.3") != nil)
        #expect(try admit("192.0.2.4") == nil)
    }

    /// Connections that ask nothing make room, first those of whoever has most, the longest at rest first; what is
    /// answered or streamed stays.
    @Test func whoRestsMakesRoom() throws {
        let registry = ConnectionRegistry(Self.limits { $0.connections = 6 })
        let closed = Closed()
        func admit(_ name: String, from address: String) throws -> Int? {
            registry.admit(from: try .at(address), close: closed.closing(name))
        }
        let streaming = try admit("streaming", from: "192.0.2.1")
        let answering = try admit("answering", from: "192.0.2.1")
        let asked = try admit("asked", from: "192.0.2.1")
        _ = try admit("never asked", from: "192.0.2.1")
        _ = try admit("alone", from: "192.0.2.2")
        _ = try admit("second", from: "192.0.2.2")
        registry.set(answering ?? 0, isAnswering: true)
        registry.set(asked ?? 0, isAnswering: true)
        registry.set(asked ?? 0, isAnswering: false)
        #expect(registry.beginStream(streaming ?? 0, source: try .at("192.0.2.1")))
        #expect(try admit("new", from: "192.0.2.3") != nil)
        #expect(closed.all == ["never asked"])
        #expect(try admit("newer", from: "192.0.2.3") != nil)
        #expect(closed.all == ["never asked", "asked"])
        // All sources have two now, and the first has none at rest: the longest at rest goes.
        #expect(try admit("newest", from: "192.0.2.4") != nil)
        #expect(closed.all == ["never asked", "asked", "alone"])
    }

    /// Who has one IPv6 address has 2^64 of them.
    @Test func anIPv6NetworkIsOneSource() throws {
        let registry = ConnectionRegistry(
            Self.limits {
                $0.connectionsPerSource = 1
                $0.streamsPerSource = 1
            })
        let first = registry.admit(from: try .at("2001:db8::1")) {}
        #expect(first != nil)
        #expect(registry.admit(from: try .at("2001:db8::2")) {} == nil)
        #expect(registry.admit(from: try .at("2001:db8:0:1::1")) {} != nil)
        #expect(registry.beginStream(first ?? 0, source: try .at("2001:db8::1")))
        #expect(!registry.beginStream(0, source: try .at("2001:db8::2")))
        registry.endStream(source: try .at("2001:db8::1"))
        #expect(registry.beginStream(0, source: try .at("2001:db8::2")))
        if let first { registry.remove(first) }
        #expect(registry.admit(from: try .at("2001:db8::2")) {} != nil)
    }

    @Test func drainingClosesAllButAnswers() throws {
        let registry = ConnectionRegistry(ServerLimits())
        let closed = Closed()
        let source = try ConnectionSource.at("192.0.2.1")
        let names = ["resting", "answering", "answered", "streaming"]
        let numbers = names.map { registry.admit(from: source, close: closed.closing($0)) ?? 0 }
        for number in numbers[1...] { registry.set(number, isAnswering: true) }
        registry.set(numbers[2], isAnswering: false)
        #expect(registry.beginStream(numbers[3], source: source))
        registry.drain()
        #expect(closed.all == ["resting", "answered", "streaming"])
        #expect(registry.isDraining)
        #expect(registry.admit(from: source) {} == nil)
        #expect(!registry.beginStream(numbers[1], source: source))
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8::3:4:5:6", "2001:db8:0:0::/64"),
        ("::1", "0:0:0:0::/64"),
    ])
    func networksAreNamed(_ address: String, _ network: String) throws {
        #expect(try ConnectionSource.at(address).network == network)
    }

    @Test(arguments: [0, 256, 1024, 65_536, .max]) func limitsFitWhatAProcessMayOpen(files: Int) {
        let connections = ServerLimits().fitting(openFiles: files).connections
        #expect(connections <= ServerLimits().connections)
        #expect(connections <= max(4, files / 4))
        #expect(connections >= 4)
        #expect(Self.limits { $0.connections = 3 }.fitting(openFiles: files).connections == 3)
    }

    @Test func withoutAnAddressTheyAreOneSource() {
        #expect(ConnectionSource(nil).network == "unknown")
    }
}

extension ConnectionSource {
    fileprivate static func at(_ address: String) throws -> ConnectionSource {
        ConnectionSource(try SocketAddress(ipAddress: address, port: 1))
    }
}
