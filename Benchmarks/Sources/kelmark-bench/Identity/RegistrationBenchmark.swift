// SPDX-License-Identifier: Apache-2.0

import Issuer
import SPIFFE
import StorageSQLite

/// Entries in an issuer: how long they take to be made and to be read again, what they weigh, and whether an agent with
/// a few of them is kept waiting by the others.
enum RegistrationBenchmark {
    private static let perCall = 5_000

    static func run(folder: String, entries: Int, own: Int) async throws {
        let path = "\(folder)/entries.sqlite"
        let store = try SQLiteIssuerStore(path: path)
        let directory = try await RegistrationDirectory.open(
            trustDomain: try TrustDomain(IssuerFixture.domain), store: store)
        let service = EntryService(directory, clock: IssuerFixture.Clock())
        let agent = try await agent(in: store)
        print(
            "entries of an issuer in this process, SQLite, \(grouped(Double(perCall))) a call, each call one synchronised commit"
        )

        try await make(own, "own", under: { _ in agent.path }, by: service)
        let alone = try await sync(of: agent, by: service)
        print("  sync of an agent with \(own) entries, all that there are: \(alone.line)")

        let before = residentBytes()
        let others = entries - own
        let start = ContinuousClock.now
        try await make(others, "other", under: { "/node/\($0 % 100)" }, by: service)
        let seconds = (ContinuousClock.now - start).inSeconds
        print(
            "  \(grouped(Double(others))) entries of 100 other nodes made in \(rounded(seconds)) s:",
            "\(grouped(Double(others) / seconds)) a second;",
            "\((residentBytes() - before) / others) bytes of memory each, the store's own included")

        let among = try await sync(of: agent, by: service)
        print("  sync of the agent with \(own) of \(grouped(Double(entries))): \(among.line)")
        print(
            "  ratio to the sync of an agent alone: nothing new \(rounded(among.nothing / alone.nothing)),",
            "everything new \(rounded(among.everything / alone.everything))")

        var times: [Double] = []
        for _ in 0..<Contest.rounds {
            let start = ContinuousClock.now
            let again = try await RegistrationDirectory.open(
                trustDomain: try TrustDomain(IssuerFixture.domain), store: store)
            times.append((ContinuousClock.now - start).inSeconds)
            guard again.snapshot.count == entries else { throw FixtureError() }
        }
        print("  read again from the file, as at a start: \(rounded(times.median)) s, median of \(Contest.rounds)")
    }

    /// An agent that the issuer knows.
    private static func agent(in store: SQLiteIssuerStore) async throws -> SPIFFEID {
        let id = try IssuerFixture.id("/spire/agent/bench/one")
        try await store.write { (transaction: any RegistrationTransaction) in
            try transaction.put(
                AttestedAgent(
                    id: id, attestationType: "bench", selectors: [try Selector("bench:node:one")],
                    standing: .active(
                        current: AttestedAgent.SVIDRecord(serialNumber: "1", expiresAt: .max), next: nil),
                    expiresAt: .max, canReattest: false))
        }
        return id
    }

    private static func make(
        _ count: Int, _ name: String, under parent: (Int) -> String, by service: EntryService
    ) async throws {
        for first in stride(from: 0, to: count, by: perCall) {
            let drafts = (first..<min(first + perCall, count)).map { number in
                var draft = EntryDraft()
                draft.spiffeID = IDDraft(trustDomain: IssuerFixture.domain, path: "/\(name)/workload-\(number)")
                draft.parentID = IDDraft(trustDomain: IssuerFixture.domain, path: parent(number))
                draft.selectors = [
                    EntryDraft.SelectorDraft(type: "unix", value: "uid:\(100_000 + number)"),
                    EntryDraft.SelectorDraft(type: "unix", value: "gid:\(1_000 + number % 100)"),
                ]
                return draft
            }
            for result in try await service.create(drafts) where result.refusal != nil { throw FixtureError() }
        }
    }

    /// How long the issuer's part of a sync takes, in seconds.
    private struct Sync {
        var nothing: Double
        var everything: Double

        var line: String {
            "\(grouped(nothing * 1e6)) µs with nothing new, \(grouped(everything * 1e6)) µs with everything new"
        }
    }

    private static func sync(of agent: SPIFFEID, by service: EntryService) async throws -> Sync {
        var nothing: [Double] = []
        var everything: [Double] = []
        for _ in 0..<Contest.rounds {
            let start = ContinuousClock.now
            var sync = try await service.sync(for: agent)
            var ids: [String] = []
            for case .revisions(let page, _) in try sync.receive(EntrySync.Request()) { ids += page.map(\.id) }
            nothing.append((ContinuousClock.now - start).inSeconds)
            var got = 0
            for first in stride(from: 0, to: ids.count, by: EntrySync.pageSize) {
                let page = Array(ids[first..<min(first + EntrySync.pageSize, ids.count)])
                for case .entries(let entries, _) in try sync.receive(EntrySync.Request(ids: page)) {
                    got += entries.count
                }
            }
            everything.append((ContinuousClock.now - start).inSeconds)
            guard got == ids.count, got > 0 else { throw FixtureError() }
        }
        return Sync(nothing: nothing.median, everything: everything.median)
    }
}
