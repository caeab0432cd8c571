// SPDX-License-Identifier: Apache-2.0

// Names are those of the vector file.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Issuer
import KelmarkTestSupport
import SPIFFE
import Testing

/// Which entries an agent may serve. Facts (SPIFFE) 11.2.
struct AuthorizedEntriesTests {
    struct Logic: Decodable {
        struct Matching: Decodable, CustomTestStringConvertible {
            struct Entry: Decodable {
                let id: String
                let selectors: [String]
            }
            let name: String
            let workload_selectors: [String]
            let entries: [Entry]
            let expect_entry_ids: [String]
            var testDescription: String { name }
        }
        struct Authorized: Decodable, CustomTestStringConvertible {
            struct Entry: Decodable {
                let id: String
                let parent: String
                let spiffe: String
                let selectors: [String]
            }
            let name: String
            let agent_id: String
            let agent_selectors: [String]
            let entries: [Entry]
            let expect: [String]
            var testDescription: String { name }
        }
        let selector_match: [Matching]
        let authorized_entries: [Authorized]
    }

    static let logic = try! Vectors.decode(Logic.self, from: "SPIFFE/logic.json")

    @Test func countsOfVectors() {
        #expect(Self.logic.selector_match.count == 4)
        #expect(Self.logic.authorized_entries.count == 2)
    }

    @Test(arguments: logic.selector_match)
    func matches(_ vector: Logic.Matching) throws {
        let found = Set(try vector.workload_selectors.map { try Selector($0) })
        let matching = try vector.entries.filter { entry in
            RegistrationEntry(
                id: entry.id, spiffeID: .example("/w"), parentID: .example("/n"),
                selectors: Set(try entry.selectors.map { try Selector($0) })
            ).matches(found)
        }
        #expect(matching.map(\.id) == vector.expect_entry_ids)
    }

    @Test(arguments: logic.authorized_entries)
    func authorizes(_ vector: Logic.Authorized) async throws {
        let kit = try await RegistrationKit()
        let results = try await kit.entries.create(
            vector.entries.map { entry in
                EntryDraft.workload(entry.spiffe, under: entry.parent, selectors: entry.selectors).with {
                    $0.id = entry.id
                }
            })
        #expect(results.allSatisfy { $0.refusal == nil })
        let agent = try await kit.putAgent(
            vector.agent_id, selectors: Set(try vector.agent_selectors.map { try Selector($0) }))
        #expect(try await kit.entries.authorizedEntries(of: agent).map(\.id) == vector.expect.sorted())
    }

    @Test func followsChanges() async throws {
        let kit = try await RegistrationKit()
        let agent = try await kit.putAgent("/spire/agent/x509pop/1", selectors: .of("x509pop:a"))
        func ids() async throws -> [String] { try await kit.entries.authorizedEntries(of: agent).map(\.id) }
        let alias = EntryDraft.workload("/fleet", under: "/spire/server", selectors: ["x509pop:a"])
        _ = try await kit.entries.create([
            alias.with { $0.id = "alias" }, EntryDraft.workload("/web", under: "/fleet").with { $0.id = "web" },
        ])
        #expect(try await ids() == ["web"])
        // An alias that asks for more than the node has is none of its.
        let stricter = alias.with {
            $0.id = "alias"
            $0.selectors.append(.init(type: "x509pop", value: "b"))
        }
        _ = try await kit.entries.update([stricter])
        #expect(try await ids() == [])
        _ = try await kit.entries.update([alias.with { $0.id = "alias" }])
        #expect(try await ids() == ["web"])
        // Deleting an alias takes everything below it away (facts 24, trap 23).
        _ = try await kit.entries.delete(["alias"])
        #expect(try await ids() == [])
    }

    @Test func leavesExpiredEntriesOut() async throws {
        let kit = try await RegistrationKit()
        let agent = try await kit.putAgent("/spire/agent/x509pop/1", selectors: .of("x509pop:a"))
        let time = kit.clock.seconds + 10
        _ = try await kit.entries.create([
            EntryDraft.workload("/fleet", under: "/spire/server", selectors: ["x509pop:a"]).with {
                $0.expiresAt = time
            },
            EntryDraft.workload("/web", under: "/fleet").with { $0.id = "web" },
            EntryDraft.workload("/own", under: "/spire/agent/x509pop/1").with {
                $0.id = "own"
                $0.expiresAt = time
            },
        ])
        #expect(try await kit.entries.authorizedEntries(of: agent).map(\.id) == ["own", "web"])
        kit.clock.advance(by: .seconds(10))
        #expect(try await kit.entries.authorizedEntries(of: agent) == [])
    }

    @Test func knowsJoinedAgentsByTheirIDs() async throws {
        let kit = try await RegistrationKit()
        _ = try await kit.entries.create([
            EntryDraft.workload(
                "/fleet", under: "/spire/server", selectors: ["spiffe_id:spiffe://example.org/spire/agent/join_token/t"]
            ),
            EntryDraft.workload("/web", under: "/fleet").with { $0.id = "web" },
        ])
        let joined = try await kit.putAgent("/spire/agent/join_token/t", type: "join_token")
        #expect(try await kit.entries.authorizedEntries(of: joined).map(\.id) == ["web"])
        try await kit.putAgent("/spire/agent/join_token/t", type: "x509pop")
        #expect(try await kit.entries.authorizedEntries(of: joined) == [])
    }

    @Test func givesOneEntryOnlyToItsAgents() async throws {
        let kit = try await RegistrationKit()
        let agent = try await kit.putAgent("/spire/agent/x/1")
        _ = try await kit.entries.create([
            EntryDraft.workload("/a", under: "/spire/agent/x/1").with { $0.id = "mine" },
            EntryDraft.workload("/b", under: "/spire/agent/x/2").with { $0.id = "other" },
        ])
        #expect(try await kit.entries.authorizedEntry("mine", of: agent).id == "mine")
        for id in ["other", "none"] {
            await #expect(throws: IssuerError(.notFound, "entry not found or not authorized")) {
                try await kit.entries.authorizedEntry(id, of: agent)
            }
        }
        #expect(try await kit.entries.authorizedEntries(["mine", "other"], of: agent).keys.sorted() == ["mine"])
        await #expect(throws: IssuerError(.notFound, "agent not found")) {
            try await kit.entries.authorizedEntries(of: .example("/spire/agent/x/2"))
        }
    }

    /// Twenty agents of a thousand entries each; what one of them asks for touches its own only.
    @Test func manyEntries() async throws {
        let store = MemoryRegistrationStore()
        try await store.write { transaction in
            for index in 0..<20_000 {
                _ = try transaction.insert(
                    RegistrationEntry(
                        id: "\(index)", spiffeID: .example("/w/\(index)"),
                        parentID: .example("/spire/agent/x/\(index % 20)"), selectors: .of("unix:uid:\(index)")))
            }
        }
        let directory = try await RegistrationDirectory.open(trustDomain: .example, store: store)
        #expect(directory.snapshot.count == 20_000)
        let found = directory.snapshot.authorizedEntries(of: .example("/spire/agent/x/7"), selectors: [], at: 0)
        #expect(found.count == 1000)
        #expect(found.allSatisfy { $0.parentID == .example("/spire/agent/x/7") })
    }
}
