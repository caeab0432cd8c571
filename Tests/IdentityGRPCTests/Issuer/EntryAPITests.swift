// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import IdentityGRPC
@testable import Issuer

@Suite(.timeLimit(.minutes(2))) struct EntryAPITests {
    typealias Entries = Spire_Api_Server_Entry_V1_Entry

    @Test func anEntryIsMadeShownChangedAndRemoved() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let entries = Entries.Client(wrapping: client)
            var entry = Spire_Api_Types_Entry.sample("/web", parent: "/node")
            entry.dnsNames = ["web.example.org"]
            entry.hint = "front"
            entry.x509SvidTtl = 600
            entry.additionalAttributes.jwtSvidIncludeJti = true
            let made = try await entries.batchCreateEntry(.with { $0.entries = [entry] })
            let result = try #require(made.results.first)
            #expect(result.status == .with { $0.message = "OK" })
            #expect(result.entry.createdAt == issuer.clock.now().seconds)
            let id = result.entry.id
            entry.id = id
            entry.createdAt = result.entry.createdAt
            #expect(result.entry == entry)

            let again = try await entries.batchCreateEntry(.with { $0.entries = [.sample("/web", parent: "/node")] })
            #expect(again.results.first?.status.code == 6)
            #expect(again.results.first?.status.message == "similar entry already exists")
            #expect(again.results.first?.entry.id == id)

            let changed = try await entries.batchUpdateEntry(
                .with { request in
                    request.entries = [
                        .with {
                            $0.id = id
                            $0.hint = "back"
                        }
                    ]
                    request.inputMask = .with { $0.hint = true }
                    request.outputMask = .with {
                        $0.hint = true
                        $0.revisionNumber = true
                    }
                })
            #expect(changed.results.first?.status.code == 0)
            #expect(
                changed.results.first?.entry
                    == .with {
                        $0.id = id
                        $0.hint = "back"
                        $0.revisionNumber = 1
                    })
            // Without a mask everything is replaced.
            _ = try await entries.batchUpdateEntry(
                .with { request in
                    var bare = Spire_Api_Types_Entry.sample("/web", parent: "/node")
                    bare.id = id
                    request.entries = [bare]
                })
            let shown = try await entries.getEntry(.with { $0.id = id })
            #expect(shown.dnsNames.isEmpty)
            #expect(shown.revisionNumber == 2)

            let gone = try await entries.batchDeleteEntry(.with { $0.ids = [id, id, ""] })
            #expect(gone.results.map(\.status.code) == [0, 5, 3])
            #expect(gone.results.map(\.id) == [id, id, ""])
            #expect(gone.results[1].status.message == "entry not found")
            let missing = await failure { _ = try await entries.getEntry(.with { $0.id = id }) }
            #expect(missing?.code == .notFound)
        }
    }

    @Test func eachItemFailsAlone() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            var foreign = Spire_Api_Types_Entry.sample("/x", parent: "/node")
            foreign.spiffeID.trustDomain = "other.test"
            var bare = Spire_Api_Types_Entry.sample("/y", parent: "/node")
            bare.selectors = []
            var colon = Spire_Api_Types_Entry.sample("/z", parent: "/node")
            colon.selectors[0].type = "a:b"
            let reserved = Spire_Api_Types_Entry.sample("/spire/agent/x", parent: "/node")
            let batch = [foreign, .init(), bare, colon, reserved, .sample("/good", parent: "/node")]
            let made = try await Entries.Client(wrapping: client).batchCreateEntry(.with { $0.entries = batch })
            #expect(made.results.map(\.status.code) == [3, 3, 3, 3, 3, 0])
            #expect(made.results.dropLast().allSatisfy { !$0.hasEntry })
        }
        let lines = issuer.log.accesses(of: "BatchCreateEntry")
        #expect(lines.count == 6)
        #expect(lines.map { $0["status"] } == ["error", "error", "error", "error", "error", "success"])
        #expect(Set(lines.map { $0["request_id"] }).count == 1)
        #expect(lines.last?["spiffe_id"] == "spiffe://example.org/good")
    }

    @Test func aBatchHasABound() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let entries = Entries.Client(wrapping: client)
            let error = await failure {
                _ = try await entries.batchDeleteEntry(
                    .with { $0.ids = Array(repeating: "", count: IssuerCall.mostItems + 1) })
            }
            #expect(error?.code == .resourceExhausted)
            let most = try await entries.batchDeleteEntry(
                .with { $0.ids = Array(repeating: "", count: 1001) })
            #expect(most.results.count == 1001)
        }
        // The log names a thousand of them and counts the rest; the audit has all.
        #expect(issuer.log.accesses(of: "BatchDeleteEntry").contains { $0["count"] == "1001" })
        #expect(issuer.log.accesses(of: "BatchDeleteEntry").count == AccessLog.mostLines + 2)
        #expect(try await issuer.issuances.auditHead().count >= 1001)
    }

    @Test func entriesAreListedByFilterMaskAndPage() async throws {
        let issuer = try await ServedIssuer()
        let drafts = (1...5).map { EntryDraft.sample("/w\($0)", parent: $0 < 4 ? "/one" : "/two") }
        _ = try await issuer.facades.entries.create(drafts)
        try await issuer.serveLocally { client in
            let entries = Entries.Client(wrapping: client)
            let first = try await entries.listEntries(
                .with {
                    $0.pageSize = 3
                    $0.outputMask = .with { $0.spiffeID = true }
                })
            #expect(first.entries.map(\.spiffeID.path) == ["/w1", "/w2", "/w3"])
            #expect(first.entries.allSatisfy { !$0.id.isEmpty && $0.selectors.isEmpty && !$0.hasParentID })
            let rest = try await entries.listEntries(
                .with {
                    $0.pageSize = 3
                    $0.pageToken = first.nextPageToken
                })
            #expect(rest.entries.map(\.spiffeID.path) == ["/w4", "/w5"])
            #expect(rest.nextPageToken.isEmpty)
            let under = try await entries.countEntries(
                .with { $0.filter.byParentID = Spire_Api_Types_SPIFFEID(ServedIssuer.id("/two")) })
            #expect(under.count == 2)
            let all = try await entries.countEntries(.init())
            #expect(all.count == 5)
            let matching = try await entries.countEntries(
                .with {
                    $0.filter.bySelectors.selectors = [
                        .with {
                            $0.type = "unix"
                            $0.value = "uid:1000"
                        }
                    ]
                    $0.filter.bySelectors.match = .matchSuperset
                })
            #expect(matching.count == 5)
            for error in [
                await failure { _ = try await entries.listEntries(.with { $0.pageToken = "x" }) },
                await failure { _ = try await entries.listEntries(.with { $0.pageSize = -1 }) },
                await failure { _ = try await entries.countEntries(.with { $0.filter.bySpiffeID = .init() }) },
                await failure {
                    _ = try await entries.listEntries(.with { $0.filter.bySelectors.match = .UNRECOGNIZED(7) })
                },
                await failure {
                    _ = try await entries.listEntries(.with { $0.filter.byFederatesWith.match = .UNRECOGNIZED(7) })
                },
                await failure { _ = try await entries.listEntries(.with { $0.filter.bySelectors = .init() }) },
                await failure { _ = try await entries.getEntry(.init()) },
            ] { #expect(error?.code == .invalidArgument) }
        }
    }

    // MARK: Agents

    private static func sync(
        _ client: TestClient, _ messages: [Spire_Api_Server_Entry_V1_SyncAuthorizedEntriesRequest],
        pages: Int = .max
    ) async throws -> [Spire_Api_Server_Entry_V1_SyncAuthorizedEntriesResponse] {
        try await Entries.Client(wrapping: client).syncAuthorizedEntries(
            requestProducer: { writer in for message in messages { try await writer.write(message) } },
            onResponse: { response in
                var all: [Spire_Api_Server_Entry_V1_SyncAuthorizedEntriesResponse] = []
                for try await message in response.messages { all.append(message) }
                return all
            })
    }

    @Test func anAgentGetsItsEntriesAndNoOthers() async throws {
        let issuer = try await ServedIssuer()
        let agent = try await issuer.agent()
        _ = try await issuer.facades.entries.create([
            .sample("/mine", parent: agent.id.path), .sample("/below", parent: "/mine"),
            .sample("/other", parent: "/spire/agent/other"),
        ])
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                let all = try await Entries.Client(wrapping: client).getAuthorizedEntries(
                    .with { $0.outputMask = .with { $0.spiffeID = true } })
                #expect(Set(all.entries.map(\.spiffeID.path)) == ["/mine", "/below"])
                #expect(all.entries.allSatisfy { $0.selectors.isEmpty })
                let synced = try await Self.sync(client, [.init()])
                #expect(synced.count == 1)
                #expect(Set(synced[0].entries.map(\.spiffeID.path)) == ["/mine", "/below"])
                #expect(!synced[0].more)
                let masked = await failure {
                    _ = try await Self.sync(client, [.with { $0.outputMask = .with { $0.selectors = true } }])
                }
                #expect(masked?.code == .invalidArgument)
                let named = await failure { _ = try await Self.sync(client, [.with { $0.ids = ["x"] }]) }
                #expect(named?.code == .invalidArgument)
            }
        }
    }

    @Test func manyEntriesAreSyncedByRevision() async throws {
        let issuer = try await ServedIssuer()
        let agent = try await issuer.agent()
        let made = try await issuer.facades.entries.create(
            (0..<600).map { .sample("/w\($0)", parent: agent.id.path) })
        let wanted = made.prefix(3).compactMap(\.value?.id)
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                let pages = try await Self.sync(client, [.init(), .with { $0.ids = wanted + ["unknown"] }])
                #expect(pages.map(\.entryRevisions.count) == [500, 100, 0])
                #expect(pages.map(\.more) == [true, false, false])
                #expect(Set(pages[2].entries.map(\.id)) == Set(wanted))
            }
        }
        #expect(issuer.log.accesses(of: "SyncAuthorizedEntries").first?["count"] == "3")
    }
}
