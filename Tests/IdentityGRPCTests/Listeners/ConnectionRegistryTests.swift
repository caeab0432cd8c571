// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import IdentityGRPC

struct ConnectionRegistryTests {
    private final class Closed: Sendable {
        private let names = Mutex<[String]>([])
        var all: [String] { names.withLock { $0 } }

        func closer(_ name: String) -> @Sendable () -> Void { { self.names.withLock { $0.append(name) } } }
    }

    private let user = ConnectionRegistry.Share(name: "uid 1", limit: 3)
    private let closed = Closed()

    @Test func theLongestIdleMakesRoom() throws {
        let registry = ConnectionRegistry(limit: 10)
        let first = try #require(registry.admit([user], close: closed.closer("first")))
        _ = try #require(registry.admit([user], close: closed.closer("second")))
        _ = try #require(registry.admit([user], close: closed.closer("third")))
        // A call makes the first one the last that was idle.
        registry.callBegan(on: first)
        registry.callEnded(on: first)
        _ = try #require(registry.admit([user], close: closed.closer("fourth")))
        #expect(closed.all == ["second"])
        #expect(registry.count == 3)
    }

    @Test func onlyTheSameSourceMakesRoom() throws {
        let registry = ConnectionRegistry(limit: 10)
        let other = ConnectionRegistry.Share(name: "uid 2", limit: 3)
        _ = try #require(registry.admit([other], close: closed.closer("other")))
        for name in ["a", "b", "c", "d"] { _ = try #require(registry.admit([user], close: closed.closer(name))) }
        #expect(closed.all == ["a"])
    }

    @Test func nobodyWithACallMakesRoom() throws {
        let registry = ConnectionRegistry(limit: 10)
        for name in ["a", "b", "c"] {
            registry.callBegan(on: try #require(registry.admit([user], close: closed.closer(name))))
        }
        #expect(registry.admit([user], close: closed.closer("d")) == nil)
        #expect(closed.all.isEmpty)
    }

    @Test func theWholeIsLimitedToo() throws {
        let registry = ConnectionRegistry(limit: 2)
        for name in ["a", "b", "c"] {
            let share = ConnectionRegistry.Share(name: name, limit: 5)
            _ = try #require(registry.admit([share], close: closed.closer(name)))
        }
        #expect(closed.all == ["a"])
        #expect(registry.count == 2)
    }

    @Test func whoHasMostMakesRoomForWhoHasLess() throws {
        let registry = ConnectionRegistry(limit: 5)
        func busy(_ user: String, _ name: String) -> Bool {
            let share = ConnectionRegistry.Share(name: user, limit: 5)
            guard let number = registry.admit([share], close: closed.closer(name)) else { return false }
            registry.callBegan(on: number)
            return true
        }
        for name in ["a", "b", "c"] { #expect(busy("1", name)) }
        for name in ["d", "e"] { #expect(busy("2", name)) }
        // Equal shares, and the third of one against the second of the other, are left as they are.
        #expect(!busy("2", "f"))
        #expect(busy("3", "g"))
        #expect(closed.all == ["a"])
        #expect(!busy("3", "h"))
        #expect(registry.count == 5)
    }

    @Test func whoLeavesMakesRoom() throws {
        let registry = ConnectionRegistry(limit: 10)
        for name in ["a", "b", "c", "d", "e"] {
            let number = try #require(registry.admit([user], close: closed.closer(name)))
            registry.callBegan(on: number)
            registry.remove(number)
            registry.callEnded(on: number)
        }
        #expect(registry.count == 0)
        #expect(closed.all.isEmpty)
    }

    @Test func nobodyIsAdmittedToAServerThatGoes() {
        let registry = ConnectionRegistry(limit: 10)
        registry.drain()
        #expect(registry.admit([user], close: {}) == nil)
    }

    @Test(arguments: [0, 256, 1024, 65_536, .max]) func limitsFitWhatAProcessMayOpen(files: Int) {
        let limits = ListenerLimits.local.fitting(openFiles: files)
        #expect(limits.connections * 3 <= max(12, files - 128))
        // One process can't take everything, nor can one user.
        #expect(limits.connectionsPerProcess < limits.connectionsPerSource)
        #expect(limits.connectionsPerSource < limits.connections)
        #expect(limits.connections <= ListenerLimits.local.connections)
    }
}
