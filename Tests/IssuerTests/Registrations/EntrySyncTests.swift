// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import Issuer

/// The conversation of SyncAuthorizedEntries. Facts (SPIFFE) 15.4.
struct EntrySyncTests {
    static func entries(_ count: Int) -> [RegistrationEntry] {
        (0..<count).map { index in
            var entry = RegistrationEntry(
                id: "e\(10_000 + index)", spiffeID: .example("/w"), parentID: .example("/n"),
                selectors: .of("s:\(index)"))
            entry.revision = Int64(index % 3)
            entry.createdAt = 7
            return entry
        }
    }

    @Test(arguments: [0, 1, 500])
    func fewGoWhole(_ count: Int) throws {
        var sync = EntrySync(entries: Self.entries(count))
        #expect(try sync.receive(.init()) == [.entries(Self.entries(count), more: false)])
        #expect(sync.isFinished)
        #expect(throws: IssuerError(.failedPrecondition, "the entries were all sent")) { try sync.receive(.init()) }
    }

    @Test func manyGoByRevision() throws {
        let entries = Self.entries(1001)
        var sync = EntrySync(entries: entries)
        let pages = try sync.receive(.init(mask: [.revision, .spiffeID]))
        #expect(sync.mask == [.revision, .spiffeID])
        let revisions = entries.map { EntrySync.Revision(id: $0.id, number: $0.revision, createdAt: 7) }
        #expect(
            pages == [
                .revisions(Array(revisions[..<500]), more: true), .revisions(Array(revisions[500..<1000]), more: true),
                .revisions([revisions[1000]], more: false),
            ])
        #expect(!sync.isFinished)
        // What is not the agent's is left out in silence; an answer comes in any case.
        #expect(try sync.receive(.init(ids: ["e10003", "unknown"])) == [.entries([entries[3]], more: false)])
        #expect(try sync.receive(.init(ids: ["unknown"])) == [.entries([], more: false)])
        #expect(
            try sync.receive(.init(ids: entries.map(\.id))) == [
                .entries(Array(entries[..<500]), more: true), .entries(Array(entries[500..<1000]), more: true),
                .entries([entries[1000]], more: false),
            ])
        sync.end()
        #expect(sync.isFinished)
        #expect(throws: IssuerError.self) { try sync.receive(.init(ids: ["e10003"])) }
    }

    @Test func refusesWhatDoesNotBelong() throws {
        let entries = Self.entries(501)
        func refusal(_ messages: EntrySync.Request...) -> String? {
            var sync = EntrySync(entries: entries)
            do {
                for message in messages { _ = try sync.receive(message) }
                return nil
            } catch {
                #expect(sync.isFinished)
                return "\(error.code.rawValue): \(error.message)"
            }
        }
        #expect(
            refusal(.init(ids: ["e10000"]))
                == "invalid-argument: specifying IDs on initial request is not supported")
        #expect(refusal(.init(mask: [.spiffeID])) == "invalid-argument: revision number cannot be masked")
        #expect(
            refusal(.init(), .init(mask: .all))
                == "invalid-argument: specifying output mask on successive requests is not supported")
        let all = EntrySync.Request(ids: entries.map(\.id))
        #expect(refusal(.init(), all, all, all, all) == nil)
        #expect(
            refusal(.init(), all, all, all, all, .init(ids: ["e10000"]))
                == "resource-exhausted: more IDs were asked for than there are entries")
    }
}
