// SPDX-License-Identifier: Apache-2.0

import Issuer
import SPIFFE
import Testing

struct EntryServiceTests {
    @Test func makesIDsOfVersion4() async throws {
        let directory = try await RegistrationDirectory.open(trustDomain: .example, store: MemoryRegistrationStore())
        let entries = EntryService(
            directory, clock: SteppedClock(), random: RandomSource { [UInt8](repeating: 0xff, count: $0) })
        let made = try await entries.create([.workload("/web")])
        #expect(made[0].value?.id == "ffffffff-ffff-4fff-bfff-ffffffffffff")
    }

    @Test func returnsTheSimilarEntry() async throws {
        let kit = try await RegistrationKit()
        let first = try await kit.entries.create([.workload("/web", selectors: ["a:1", "b:2"])])[0].value
        let again = EntryDraft.workload("/web", selectors: ["b:2", "a:1"]).with {
            $0.hint = "another"
            $0.x509SVIDTTL = 5
            $0.dnsNames = ["x"]
        }
        let second = try await kit.entries.create([again])[0]
        #expect(second.refusal == IssuerError(.alreadyExists, "similar entry already exists"))
        #expect(second.value == first)
        let others: [EntryDraft] = [
            .workload("/web", selectors: ["a:1"]), .workload("/web", under: "/node2", selectors: ["a:1", "b:2"]),
            .workload("/web2", selectors: ["a:1", "b:2"]),
        ]
        #expect(try await kit.entries.create(others).allSatisfy { $0.refusal == nil })
    }

    @Test func refusesATakenID() async throws {
        let kit = try await RegistrationKit()
        let drafts = [EntryDraft.workload("/a"), .workload("/b")].map { $0.with { $0.id = "one" } }
        let results = try await kit.entries.create(drafts)
        #expect(results[0].refusal == nil)
        #expect(results[1].refusal?.code == .alreadyExists)
        #expect(results[1].value == nil)
    }

    @Test func updatesEverythingWithoutMask() async throws {
        let kit = try await RegistrationKit()
        let made = try #require(
            try await kit.entries.create([
                EntryDraft.workload("/web").with {
                    $0.hint = "h"
                    $0.dnsNames = ["a"]
                    $0.jwtSVIDTTL = 9
                }
            ])[0].value)
        kit.clock.advance(by: .seconds(5))
        let changed = try #require(
            try await kit.entries.update([
                EntryDraft.workload("/web2").with {
                    $0.id = made.id
                    $0.x509SVIDTTL = 300
                }
            ])[0].value)
        #expect(changed.spiffeID == .example("/web2"))
        #expect(changed.hint.isEmpty && changed.dnsNames.isEmpty && changed.jwtSVIDTTL == 0)
        #expect(changed.x509SVIDTTL == 300)
        #expect(changed.revision == 1)
        #expect(changed.createdAt == made.createdAt)
        #expect(try kit.entries.entry(made.id) == changed)
    }

    @Test func updatesOnlyWhatTheMaskNames() async throws {
        let kit = try await RegistrationKit()
        let made = try #require(
            try await kit.entries.create([EntryDraft.workload("/web").with { $0.hint = "h" }])[0].value)
        let draft = EntryDraft().with {
            $0.id = made.id
            $0.jwtSVIDTTL = 7
            $0.hint = "ignored"
            $0.includesTokenID = true
        }
        let changed = try await kit.entries.update([draft], mask: [.jwtSVIDTTL, .additionalAttributes])[0].value
        var expected = made
        expected.jwtSVIDTTL = 7
        expected.includesTokenID = true
        expected.revision = 1
        #expect(changed == expected)
    }

    @Test func refusesUpdates() async throws {
        let kit = try await RegistrationKit()
        let made = try await kit.entries.create([.workload("/a"), .workload("/b")]).compactMap(\.value)
        let results = try await kit.entries.update([
            EntryDraft.workload("/x").with { $0.id = "unknown" },
            EntryDraft.workload("/a").with { $0.id = made[1].id },
            EntryDraft.workload("/x").with {
                $0.id = made[0].id
                $0.federatesWith = ["unknown.test"]
            },
            EntryDraft.workload("/spire/x").with { $0.id = made[0].id },
        ])
        #expect(results.map(\.refusal?.code) == [.notFound, .alreadyExists, .internal, .invalidArgument])
        #expect(results[1].value == made[0])
        #expect(try kit.entries.list().elements == made)
    }

    @Test func deletes() async throws {
        let kit = try await RegistrationKit()
        let made = try #require(try await kit.entries.create([.workload("/a")])[0].value)
        let results = try await kit.entries.delete([made.id, "unknown", ""])
        #expect(
            results.map(\.refusal) == [
                nil, IssuerError(.notFound, "entry not found"), IssuerError(.invalidArgument, "missing entry ID"),
            ])
        #expect(results.map(\.value) == [made.id, "unknown", ""])
        #expect(throws: IssuerError(.notFound, "entry not found")) { try kit.entries.entry(made.id) }
        #expect(throws: IssuerError(.invalidArgument, "missing entry ID")) { try kit.entries.entry("") }
    }

    @Test func removesExpiredEntries() async throws {
        let kit = try await RegistrationKit()
        let now = kit.clock.seconds
        let drafts = [("/never", 0), ("/later", now + 10), ("/soon", now + 1)].map { path, time in
            EntryDraft.workload(path).with {
                $0.id = String(path.dropFirst())
                $0.expiresAt = time
            }
        }
        _ = try await kit.entries.create(drafts)
        #expect(try await kit.entries.removeExpired() == [])
        kit.clock.advance(by: .seconds(1))
        #expect(try await kit.entries.removeExpired() == ["soon"])
        #expect(try kit.entries.list().elements.map(\.id) == ["never", "later"])
    }

    // MARK: Finding

    @Test func filters() async throws {
        let kit = try await RegistrationKit()
        _ = try await kit.federation.setBundles(["a.test", "b.test"].map { BundleDraft(trustDomain: $0) })
        _ = try await kit.entries.create([
            EntryDraft.workload("/a", under: "/n1", selectors: ["s:1"]).with {
                $0.id = "1"
                $0.hint = "h"
                $0.federatesWith = ["a.test"]
            },
            EntryDraft.workload("/a", under: "/n2", selectors: ["s:1", "s:2"]).with {
                $0.id = "2"
                $0.isDownstream = true
                $0.federatesWith = ["a.test", "b.test"]
            },
            EntryDraft.workload("/b", under: "/n1", selectors: ["s:3"]).with { $0.id = "3" },
        ])
        func ids(_ change: (inout EntryFilter) -> Void) throws -> [String] {
            var filter = EntryFilter()
            change(&filter)
            let found = try kit.entries.list(filter).elements.map(\.id)
            #expect(try kit.entries.count(filter) == found.count)
            return found
        }
        func drafts(_ values: String...) -> [EntryDraft.SelectorDraft] { values.map { .init(type: "s", value: $0) } }
        #expect(try ids { _ in } == ["1", "2", "3"])
        #expect(try ids { $0.spiffeID = .example("/a") } == ["1", "2"])
        #expect(try ids { $0.parentID = .example("/n1") } == ["1", "3"])
        #expect(try ids { $0.parentID = .example("/none") } == [])
        #expect(try ids { $0.hint = "h" } == ["1"])
        #expect(try ids { $0.hint = "" } == ["2", "3"])
        #expect(try ids { $0.isDownstream = true } == ["2"])
        #expect(try ids { $0.isDownstream = false } == ["1", "3"])
        #expect(try ids { $0.selectors = .init(drafts("1"), .exact) } == ["1"])
        #expect(try ids { $0.selectors = .init(drafts("1", "3"), .subset) } == ["1", "3"])
        #expect(try ids { $0.selectors = .init(drafts("1"), .superset) } == ["1", "2"])
        #expect(try ids { $0.selectors = .init(drafts("2", "3"), .any) } == ["2", "3"])
        #expect(try ids { $0.federatesWith = .init(["spiffe://a.test"], .exact) } == ["1"])
        #expect(try ids { $0.federatesWith = .init(["a.test"], .superset) } == ["1", "2"])
        #expect(try ids { $0.federatesWith = .init(["a.test"], .subset) } == ["1", "3"])
        #expect(try ids { $0.federatesWith = .init(["b.test"], .any) } == ["2"])
        #expect(
            try ids {
                $0.spiffeID = .example("/a")
                $0.parentID = .example("/n1")
            } == ["1"])
    }

    @Test func refusesFilters() async throws {
        let kit = try await RegistrationKit()
        func refusal(_ change: (inout EntryFilter) -> Void) -> IssuerError.Code? {
            var filter = EntryFilter()
            change(&filter)
            do {
                _ = try kit.entries.count(filter)
                return nil
            } catch { return error.code }
        }
        #expect(refusal { $0.selectors = .init([], .any) } == .invalidArgument)
        #expect(refusal { $0.selectors = .init([.init(type: "", value: "x")], .any) } == .invalidArgument)
        #expect(refusal { $0.federatesWith = .init([], .any) } == .invalidArgument)
        #expect(refusal { $0.federatesWith = .init(["A"], .any) } == .invalidArgument)
        #expect(refusal { $0.spiffeID = IDDraft(trustDomain: "other.test", path: "/a") } == .invalidArgument)
        #expect(refusal { $0.parentID = .example("/a/") } == .invalidArgument)
    }

    @Test func pages() async throws {
        let kit = try await RegistrationKit()
        _ = try await kit.entries.create((0..<7).map { .workload("/\($0)", under: $0 % 2 == 0 ? "/even" : "/odd") })
        for parent in [nil, IDDraft.example("/even")] {
            var filter = EntryFilter()
            filter.parentID = parent
            let all = try kit.entries.list(filter).elements
            var token = ""
            var found: [RegistrationEntry] = []
            repeat {
                let page = try kit.entries.list(filter, pageSize: 3, pageToken: token)
                #expect(page.elements.count == 3 || page.nextToken.isEmpty)
                found += page.elements
                token = page.nextToken
            } while !token.isEmpty
            #expect(found == all)
        }
        // The token survives what it points at.
        let first = try kit.entries.list(pageSize: 2)
        _ = try await kit.entries.delete([first.elements[1].id])
        #expect(try kit.entries.list(pageSize: 1, pageToken: first.nextToken).elements[0].spiffeID == .example("/2"))
    }

    @Test(arguments: ["x", "-1", "01", " 1", "99999999999999999999"])
    func refusesToken(_ token: String) async throws {
        let kit = try await RegistrationKit()
        #expect(throws: IssuerError(.invalidArgument, "could not parse token '\(token)'")) {
            try kit.entries.list(pageToken: token)
        }
    }

    @Test func refusesNegativePageSizes() async throws {
        let kit = try await RegistrationKit()
        let agents = AgentService(
            kit.directory, attestors: [], signer: ScriptedSigner(), limiter: nil, clock: kit.clock)
        let negative = IssuerError(.invalidArgument, "page size must not be negative")
        #expect(throws: negative) { try kit.entries.list(pageSize: -1) }
        await #expect(throws: negative) { try await agents.list(pageSize: -1) }
        await #expect(throws: negative) { try await kit.federation.bundles(pageSize: -1) }
        await #expect(throws: negative) { try await kit.federation.relationships(pageSize: -1) }
    }

    @Test func keepsNothingOfAFailedBatch() async throws {
        let directory = try await RegistrationDirectory.open(trustDomain: .example, store: BrokenStore())
        let entries = EntryService(directory, clock: SteppedClock())
        await #expect(throws: IssuerError(.unavailable, "failed to create entries")) {
            try await entries.create([.workload("/a")])
        }
        #expect(try entries.count() == 0)
    }
}

/// Reads as if it were empty, and can't be written.
private struct BrokenStore: RegistrationStore {
    private let inner = MemoryRegistrationStore()
    func read<R: Sendable>(_ body: @escaping @Sendable (any RegistrationView) throws -> R) async throws -> R {
        try await inner.read(body)
    }
    func write<R: Sendable>(_ body: @escaping @Sendable (any RegistrationTransaction) throws -> R) async throws -> R {
        _ = try await inner.write(body)
        throw IssuerStoreError(.full, "the disk is full")
    }
}
