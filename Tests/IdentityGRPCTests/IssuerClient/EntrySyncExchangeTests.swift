// SPDX-License-Identifier: Apache-2.0

import NodeAgent
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import IdentityGRPC

struct EntrySyncExchangeTests {
    typealias Response = EntrySyncExchange.Response

    private static func entry(_ id: String, revision: Int64 = 1, createdAt: Int64 = 5) -> Spire_Api_Types_Entry {
        .with {
            $0.id = id
            $0.spiffeID.trustDomain = "example.org"
            $0.spiffeID.path = "/\(id)"
            $0.parentID.trustDomain = "example.org"
            $0.parentID.path = "/spire/agent/x"
            $0.selectors = [
                .with {
                    $0.type = "unix"
                    $0.value = "uid:1"
                }
            ]
            $0.revisionNumber = revision
            $0.createdAt = createdAt
        }
    }

    private static func revisions(_ ids: some Sequence<String>, revision: Int64 = 1, more: Bool = false) -> Response {
        .with {
            $0.entryRevisions = ids.map { id in
                .with {
                    $0.id = id
                    $0.revisionNumber = revision
                    $0.createdAt = 5
                }
            }
            $0.more = more
        }
    }

    private static func entries(_ entries: [Spire_Api_Types_Entry], more: Bool = false) -> Response {
        .with {
            $0.entries = entries
            $0.more = more
        }
    }

    private static func known(_ id: String, revision: Int64 = 1, createdAt: Int64 = 5) -> EntryRevision {
        EntryRevision(id: id, revision: revision, createdAt: createdAt)
    }

    private func finish(_ step: EntrySyncExchange.Step) throws -> EntryChanges {
        guard case .finish(let changes) = step else { throw CancellationError() }
        return changes
    }

    private func asked(_ step: EntrySyncExchange.Step) throws -> [String] {
        guard case .ask(let request) = step else { throw CancellationError() }
        return request.ids
    }

    @Test func theMaskHasRevisions() {
        #expect(EntrySyncExchange.opening.outputMask.revisionNumber)
        #expect(EntrySyncExchange.opening.outputMask.selectors)
    }

    @Test func fewEntriesComeWhole() throws {
        var exchange = EntrySyncExchange(known: [Self.known("a"), Self.known("b", revision: 0), Self.known("gone")])
        let step = try exchange.receive(Self.entries(["a", "b", "c"].map { Self.entry($0) }))
        let changes = try finish(step)
        #expect(changes.updated.map(\.id) == ["b", "c"])
        #expect(changes.removed == ["gone"])
    }

    @Test func noEntriesMeansNone() throws {
        var exchange = EntrySyncExchange(known: [Self.known("a")])
        #expect(try finish(try exchange.receive(Response())).removed == ["a"])
    }

    @Test func wholeEntriesMayComeInPages() throws {
        var exchange = EntrySyncExchange(known: [])
        guard case .wait = try exchange.receive(Self.entries([Self.entry("a")], more: true)) else {
            Issue.record("no further page is awaited")
            return
        }
        #expect(try finish(try exchange.receive(Self.entries([Self.entry("b")]))).updated.map(\.id) == ["a", "b"])
    }

    @Test func ofManyOnlyTheNewAreAskedFor() throws {
        var exchange = EntrySyncExchange(known: [
            Self.known("a"), Self.known("b", revision: 0), Self.known("c", createdAt: 4), Self.known("gone"),
        ])
        _ = try exchange.receive(Self.revisions(["a", "b"], more: true))
        #expect(try asked(try exchange.receive(Self.revisions(["c", "d"]))) == ["b", "c", "d"])
        _ = try exchange.receive(Self.entries([Self.entry("b")], more: true))
        // One of those asked for is not authorised any more: it is silently left out.
        let changes = try finish(try exchange.receive(Self.entries([Self.entry("c")])))
        #expect(changes.updated.map(\.id) == ["b", "c"])
        #expect(changes.removed == ["gone"])
    }

    @Test func entriesAreAskedForInPages() throws {
        var exchange = EntrySyncExchange(known: [])
        let ids = (0..<1200).map { "e\($0)" }
        var asked = try asked(try exchange.receive(Self.revisions(ids)))
        var sizes: [Int] = []
        while true {
            sizes.append(asked.count)
            switch try exchange.receive(Self.entries(asked.map { Self.entry($0) })) {
            case .ask(let request): asked = request.ids
            case .finish(let changes):
                #expect(changes.updated.count == 1200)
                #expect(sizes == [500, 500, 200])
                return
            case .wait: Issue.record("nothing is awaited")
            }
        }
    }

    @Test func nothingNewMeansNothingAsked() throws {
        var exchange = EntrySyncExchange(known: [Self.known("a")])
        let changes = try finish(try exchange.receive(Self.revisions(["a"])))
        #expect(changes == EntryChanges())
    }

    @Test func anEntryThatCannotBeReadIsGivenUp() throws {
        var exchange = EntrySyncExchange(known: [Self.known("a", revision: 0)])
        var broken = Self.entry("a")
        broken.spiffeID.path = "no slash"
        let changes = try finish(try exchange.receive(Self.entries([broken, Self.entry("b")])))
        #expect(changes.updated.map(\.id) == ["b"])
        #expect(changes.removed == ["a"])
        #expect(exchange.unreadable.map(\.id) == ["a"])
    }

    @Test func whatIsOutOfOrderIsRefused() throws {
        var mixed = EntrySyncExchange(known: [])
        _ = try mixed.receive(Self.entries([Self.entry("a")], more: true))
        #expect(throws: IssuerClientError.self) { try mixed.receive(Self.revisions(["b"])) }
        var reversed = EntrySyncExchange(known: [])
        _ = try reversed.receive(Self.revisions(["a"], more: true))
        #expect(throws: IssuerClientError.self) { try reversed.receive(Self.entries([Self.entry("a")])) }
        var late = EntrySyncExchange(known: [])
        _ = try late.receive(Response())
        let error = #expect(throws: IssuerClientError.self) { try late.receive(Response()) }
        #expect(error?.code == .malformedAnswer)
    }
}
