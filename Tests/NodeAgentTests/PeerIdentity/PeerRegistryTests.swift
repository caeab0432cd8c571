// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NodeAgent

struct PeerRegistryTests {
    let processes = FakeProcesses()

    private func peer(_ pid: Int32) throws -> WorkloadPeer {
        processes.add(pid)
        return try WorkloadPeer(pid: pid, uid: 1000, gid: 1000, in: processes.table)
    }

    @Test func `a connection is found by its name while it is open`() throws {
        let registry = PeerRegistry()
        var place = registry.register(try peer(7))
        let name = try #require(place?.name)
        #expect(name.utf8.count == 32)
        #expect(registry.peer(named: name)?.pid == 7)
        place = nil
        #expect(registry.peer(named: name) == nil)
        #expect(registry.count == 0)
    }

    @Test func `names are never the same`() throws {
        let registry = PeerRegistry()
        let caller = try peer(7)
        let places = (0..<100).compactMap { _ in registry.register(caller) }
        #expect(Set(places.map(\.name)).count == 100)
    }

    @Test func `there are no more connections than allowed`() throws {
        let registry = PeerRegistry(most: 2)
        let caller = try peer(7)
        let places = (0..<3).map { _ in registry.register(caller) }
        #expect(places.compactMap { $0 }.count == 2)
        #expect(places[2] == nil)
    }
}
