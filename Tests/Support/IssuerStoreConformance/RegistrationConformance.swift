// SPDX-License-Identifier: Apache-2.0

public import Issuer
internal import SPIFFE

/// What every ``RegistrationStore`` has to do, as named checks that run against an empty store.
public struct RegistrationConformance<Store: RegistrationStore>: Sendable {
    /// The checks.
    public enum Check: String, CaseIterable, Sendable, CustomStringConvertible {
        case empty = "an empty store answers everything"
        case entries = "entries come back equal, in the order of their creation"
        case likeness = "no two entries are alike, and an entry that changed is like what it is now"
        case places = "no place is used twice"
        case expiry = "entries whose time is over are found"
        case federation = "entries are found by the trust domains that they name"
        case agents = "agents come back equal, in the order of their IDs"
        case tokens = "a token is used once"
        case bundles = "foreign bundles come back equal, in the order of their names"
        case relationships = "relationships come back equal, in the order of their names"
        case rollBack = "a throwing body undoes everything"
        case ownWrites = "a transaction sees its own writes"
        case together = "writers that come together are all kept"

        public var description: String { rawValue }
    }

    let makeStore: @Sendable () throws -> Store

    /// A suite over stores that `makeStore` makes; each must be empty and independent of the others.
    public init(_ makeStore: @escaping @Sendable () throws -> Store) { self.makeStore = makeStore }

    /// Runs one check against a fresh store.
    /// - Throws: ``IssuerConformanceFailure``, and what the store throws.
    public func run(_ check: Check) async throws {
        let store = try makeStore()
        switch check {
        case .empty: try await empty(store)
        case .entries: try await entries(store)
        case .likeness: try await likeness(store)
        case .places: try await places(store)
        case .expiry: try await expiry(store)
        case .federation: try await federation(store)
        case .agents: try await agents(store)
        case .tokens: try await tokens(store)
        case .bundles: try await bundles(store)
        case .relationships: try await relationships(store)
        case .rollBack: try await rollBack(store)
        case .ownWrites: try await ownWrites(store)
        case .together: try await together(store)
        }
    }

    // MARK: Entries

    private func empty(_ store: Store) async throws {
        let domain = try TrustDomain("other.test")
        try await store.read { view in
            try expect(view.entry("x") == nil)
            try expect(view.entry(like: RegistrationSample.entry("x")) == nil)
            try expect(view.entries(after: .min, limit: 10).isEmpty)
            try expect(view.entries(expiredAt: .max, limit: 10).isEmpty)
            try expect(view.entries(federatingWith: domain).isEmpty)
            try expect(view.agent(RegistrationSample.id("/spire/agent/x")) == nil)
            try expect(view.agents(after: nil, limit: 10).isEmpty)
            try expect(view.bundle(of: domain) == nil)
            try expect(view.bundles(after: nil, limit: 10).isEmpty)
            try expect(view.bundleCount(), is: 0)
            try expect(view.relationship(with: domain) == nil)
            try expect(view.relationships(after: nil, limit: 10).isEmpty)
        }
        try await store.write { transaction in
            try expect(!transaction.deleteEntry("x"))
            try expect(!transaction.deleteAgent(RegistrationSample.id("/spire/agent/x")))
            try expect(transaction.takeJoinToken("x") == nil)
            try expect(transaction.deleteJoinTokens(expiredBefore: .max), is: 0)
            try expect(!transaction.deleteBundle(of: domain))
            try expect(!transaction.deleteRelationship(with: domain))
        }
    }

    private func entries(_ store: Store) async throws {
        let samples = try (0..<7).map { try RegistrationSample.full("\($0)") } + [RegistrationSample.entry("plain")]
        let stored = try await store.write { transaction in try samples.map { try transaction.insert($0) } }
        try expect(stored.map(\.entry), is: samples)
        try expect(stored.map(\.place) == stored.map(\.place).sorted())
        let read = try await store.read { view in
            try expect(view.entry("3"), is: stored[3])
            try expect(view.entries(after: stored[1].place, limit: 3), is: Array(stored[2...4]))
            return try view.entries(after: .min, limit: 100)
        }
        try expect(read, is: stored)
        var changed = try RegistrationSample.entry("3", path: "/changed")
        changed.revision = 5
        let other = changed
        let replaced = try await store.write { try $0.replace(other) }
        try expect(replaced, is: StoredEntry(place: stored[3].place, entry: other))
        try await store.write { try expect($0.deleteEntry("4")) }
        let rest = try await store.read { try $0.entries(after: .min, limit: 100) }
        try expect(rest.map(\.entry.id), is: ["0", "1", "2", "3", "5", "6", "plain"])
        try expect(rest[3], is: replaced)
    }

    private func likeness(_ store: Store) async throws {
        let one = try RegistrationSample.entry("1", selectors: ["a:1", "b:2"])
        let same = try RegistrationSample.entry("2", selectors: ["b:2", "a:1"])
        let other = try RegistrationSample.entry("3", selectors: ["a:1", "b:22"])
        // What parts type and value, and one selector from the next, is kept.
        let shifted = try RegistrationSample.entry("4", selectors: ["a:1b", "x:2"])
        _ = try await store.write { try $0.insert(one) }
        try await store.read { try expect($0.entry(like: same)?.entry, is: one) }
        try await refused(store) { _ = try $0.insert(same) }
        try await refused(store) { _ = try $0.insert(RegistrationSample.entry("1", path: "/x")) }
        try await store.write { transaction in
            for entry in [other, shifted] {
                try expect(transaction.entry(like: entry) == nil)
                _ = try transaction.insert(entry)
            }
        }
        try await refused(store) { _ = try $0.replace(RegistrationSample.entry("3", selectors: ["a:1", "b:2"])) }
        try await refused(store) { _ = try $0.replace(RegistrationSample.entry("none", path: "/x")) }
        let moved = try RegistrationSample.entry("1", path: "/moved", selectors: ["a:1", "b:2"])
        try await store.write { transaction in
            _ = try transaction.replace(moved)
            try expect(transaction.entry(like: same) == nil)
            try expect(transaction.entry(like: moved)?.entry, is: moved)
            _ = try transaction.insert(same)
            try expect(transaction.deleteEntry("2"))
            try expect(transaction.entry(like: same) == nil)
        }
    }

    private func places(_ store: Store) async throws {
        let first = try await store.write { try $0.insert(RegistrationSample.entry("1")) }
        _ = try await store.write { try $0.deleteEntry("1") }
        let second = try await store.write { try $0.insert(RegistrationSample.entry("1")) }
        try expect(second.place > first.place)
    }

    private func expiry(_ store: Store) async throws {
        try await store.write { transaction in
            for (id, time) in [("never", 0), ("a", 10), ("b", 11), ("c", 5)] as [(String, Int64)] {
                var entry = try RegistrationSample.entry(id, path: "/\(id)")
                entry.expiresAt = time
                _ = try transaction.insert(entry)
            }
        }
        try await store.read { view in
            try expect(view.entries(expiredAt: 10, limit: 10).map(\.entry.id), is: ["a", "c"])
            try expect(view.entries(expiredAt: 11, limit: 2).map(\.entry.id), is: ["a", "b"])
            try expect(view.entries(expiredAt: 4, limit: 10).isEmpty)
        }
    }

    private func federation(_ store: Store) async throws {
        let (a, b) = (try TrustDomain("a.test"), try TrustDomain("b.test"))
        try await store.write { transaction in
            for (id, domains) in [("1", [a, b]), ("2", [b]), ("3", [])] as [(String, Set<TrustDomain>)] {
                var entry = try RegistrationSample.entry(id, path: "/\(id)")
                entry.federatesWith = domains
                _ = try transaction.insert(entry)
            }
        }
        try await store.read { view in
            try expect(view.entries(federatingWith: a).map(\.entry.id), is: ["1"])
            try expect(view.entries(federatingWith: b).map(\.entry.id), is: ["1", "2"])
            try expect(view.entry("1")?.entry.federatesWith, is: [a, b])
        }
        try await store.write { transaction in
            _ = try transaction.replace(RegistrationSample.entry("1", path: "/1"))
            _ = try transaction.deleteEntry("2")
            try expect(transaction.entries(federatingWith: b).isEmpty)
        }
    }

    // MARK: Agents

    private func agents(_ store: Store) async throws {
        let samples = try RegistrationSample.agents()
        try await store.write { transaction in
            for agent in samples.reversed() { try transaction.put(agent) }
        }
        try await store.read { view in
            for agent in samples { try expect(view.agent(agent.id), is: agent) }
            try expect(view.agents(after: nil, limit: 10), is: samples)
            try expect(view.agents(after: samples[0].id, limit: 1), is: [samples[1]])
            try expect(view.agents(after: samples[2].id, limit: 10).isEmpty)
        }
        var banned = samples[0]
        banned.standing = .banned
        let record = banned
        try await store.write { try $0.put(record) }
        try await store.read { try expect($0.agent(record.id), is: record) }
        try await store.write { transaction in
            try expect(transaction.deleteAgent(record.id))
            try expect(transaction.agent(record.id) == nil)
            try expect(!transaction.deleteAgent(record.id))
        }
    }

    private func tokens(_ store: Store) async throws {
        let token = JoinToken(value: "t", expiresAt: 10)
        try await store.write { transaction in
            try expect(transaction.insert(token))
            try expect(!transaction.insert(JoinToken(value: "t", expiresAt: 99)))
            try expect(transaction.takeJoinToken("t"), is: token)
            try expect(transaction.takeJoinToken("t") == nil)
            for time in 1...3 as ClosedRange<Int64> {
                _ = try transaction.insert(JoinToken(value: "\(time)", expiresAt: time))
            }
            try expect(transaction.deleteJoinTokens(expiredBefore: 3), is: 2)
            try expect(transaction.takeJoinToken("3") != nil)
        }
    }

    // MARK: Federation

    private func bundles(_ store: Store) async throws {
        let samples = try RegistrationSample.bundles()
        try await store.write { transaction in
            for bundle in samples.reversed() { try transaction.put(bundle) }
        }
        try await store.read { view in
            for bundle in samples { try expect(view.bundle(of: bundle.trustDomain), is: bundle) }
            try expect(view.bundles(after: nil, limit: 10), is: samples)
            try expect(view.bundles(after: samples[0].trustDomain, limit: 1), is: [samples[1]])
            try expect(view.bundleCount(), is: samples.count)
        }
        var changed = samples[1]
        changed.sequence = 99
        let bundle = changed
        try await store.write { transaction in
            try transaction.put(bundle)
            try expect(transaction.bundle(of: bundle.trustDomain), is: bundle)
            try expect(transaction.deleteBundle(of: bundle.trustDomain))
            try expect(!transaction.deleteBundle(of: bundle.trustDomain))
            try expect(transaction.bundleCount(), is: samples.count - 1)
        }
    }

    private func relationships(_ store: Store) async throws {
        let samples = [
            FederationRelationship(
                trustDomain: try TrustDomain("a.test"), endpointURL: "https://a.test/", profile: .httpsWeb),
            FederationRelationship(
                trustDomain: try TrustDomain("b.test"), endpointURL: "https://b.test/",
                profile: .httpsSPIFFE(try SPIFFEID("spiffe://c.test/server"))),
        ]
        try await store.write { transaction in
            for relationship in samples.reversed() { try transaction.put(relationship) }
            for relationship in samples {
                try expect(transaction.relationship(with: relationship.trustDomain), is: relationship)
            }
            try expect(transaction.relationships(after: nil, limit: 10), is: samples)
            try expect(transaction.relationships(after: samples[0].trustDomain, limit: 10), is: [samples[1]])
            try expect(transaction.relationships(after: nil, limit: 1), is: [samples[0]])
            try expect(transaction.deleteRelationship(with: samples[0].trustDomain))
            try expect(!transaction.deleteRelationship(with: samples[0].trustDomain))
        }
    }

    // MARK: Transactions

    private func rollBack(_ store: Store) async throws {
        let agent = try RegistrationSample.agents()[0]
        let bundle = try RegistrationSample.bundles()[0]
        _ = try await store.write { try $0.insert(RegistrationSample.entry("kept")) }
        do {
            try await store.write { transaction in
                _ = try transaction.insert(RegistrationSample.full("lost"))
                _ = try transaction.deleteEntry("kept")
                try transaction.put(agent)
                _ = try transaction.insert(JoinToken(value: "t", expiresAt: 1))
                try transaction.put(bundle)
                throw ThrownByBody()
            }
            throw IssuerConformanceFailure(description: "the body's error was swallowed")
        } catch is ThrownByBody {}
        try await store.read { view in
            try expect(view.entries(after: .min, limit: 10).map(\.entry.id), is: ["kept"])
            try expect(view.agent(agent.id) == nil)
            try expect(view.bundleCount(), is: 0)
        }
        try await store.write { try expect($0.takeJoinToken("t") == nil) }
    }

    private func ownWrites(_ store: Store) async throws {
        try await store.write { transaction in
            let stored = try transaction.insert(RegistrationSample.full("1"))
            try expect(transaction.entry("1"), is: stored)
            try expect(transaction.entries(after: .min, limit: 10), is: [stored])
            try expect(transaction.deleteEntry("1"))
            try expect(transaction.entries(after: .min, limit: 10).isEmpty)
        }
    }

    private func together(_ store: Store) async throws {
        try await withThrowingTaskGroup { group in
            for writer in 0..<32 {
                group.addTask {
                    _ = try await store.write {
                        try $0.insert(RegistrationSample.entry("\(writer)", path: "/\(writer)"))
                    }
                }
            }
            try await group.waitForAll()
        }
        let stored = try await store.read { try $0.entries(after: .min, limit: 100) }
        try expect(Set(stored.map(\.entry.id)).count, is: 32)
        try expect(Set(stored.map(\.place)).count, is: 32)
    }

    private func refused(
        _ store: Store, line: Int = #line, _ body: @escaping @Sendable (any RegistrationTransaction) throws -> Void
    ) async throws {
        do {
            try await store.write(body)
        } catch let error as IssuerStoreError {
            try expect(error.code, is: .conflict, line: line)
            return
        }
        throw IssuerConformanceFailure(description: "line \(line): the change was not refused")
    }
}

/// What a body throws to be undone.
private struct ThrownByBody: Error {}

/// Values for ``RegistrationConformance``.
enum RegistrationSample {
    static func id(_ path: String) throws -> SPIFFEID { try SPIFFEID("spiffe://example.org" + path) }

    static func entry(
        _ id: String, path: String = "/workload", selectors: [String] = ["unix:uid:1"]
    ) throws -> RegistrationEntry {
        RegistrationEntry(
            id: id, spiffeID: try self.id(path), parentID: try self.id("/node"),
            selectors: Set(try selectors.map { try Selector($0) }))
    }

    /// Every member has a value of its own.
    static func full(_ id: String) throws -> RegistrationEntry {
        var entry = try entry(
            id, path: "/full/\(id)",
            selectors: ["unix:uid:1", "k8s:\u{0}:ü", "a:" + String(repeating: "x", count: 300)])
        entry.x509SVIDTTL = .max
        entry.jwtSVIDTTL = 7
        entry.federatesWith = [try TrustDomain("a.test"), try TrustDomain("b.test")]
        entry.isAdmin = true
        entry.isDownstream = true
        entry.expiresAt = .max
        entry.dnsNames = ["b.test", "a.test"]
        entry.revision = 3
        entry.storesSVID = true
        entry.hint = "ü\u{0}h"
        entry.createdAt = 1_800_000_000
        entry.isSignedOnDemand = true
        entry.includesTokenID = true
        return entry
    }

    /// In the order of their IDs.
    static func agents() throws -> [AttestedAgent] {
        [
            AttestedAgent(
                id: try id("/spire/agent/t/1"), attestationType: "t",
                selectors: [try Selector("a:1"), try Selector("b:2")],
                standing: .active(
                    current: .init(serialNumber: "1", expiresAt: 10), next: .init(serialNumber: "2", expiresAt: 20)),
                expiresAt: 10, canReattest: true, version: "1.2.3"),
            AttestedAgent(
                id: try id("/spire/agent/t/2"), attestationType: "u",
                standing: .active(current: .init(serialNumber: "3", expiresAt: 10), next: nil), expiresAt: 10,
                canReattest: false),
            AttestedAgent(
                id: try id("/spire/agent/t/3"), attestationType: "t", standing: .banned, expiresAt: 10,
                canReattest: false),
        ]
    }

    /// In the order of their names; the first is empty, the second has everything.
    static func bundles() throws -> [TrustBundle] {
        let document = """
            {"keys":[{"use":"jwt-svid","kty":"EC","kid":"k1","crv":"P-256",\
            "x":"sCF0kdrH5OC4x17ql9S-pOytlU8snMLAGrQcVv5GeN0","y":"vQzOqG71oUgZLrkpFw6GygXpUGXoldaImESpIgjiRx0"}]}
            """
        let read = try BundleDocument(parsing: Array(document.utf8), trustDomain: TrustDomain("b.test")).bundle
        guard var tainted = read.jwtAuthorities.first else {
            throw IssuerConformanceFailure(description: "the sample has no key")
        }
        tainted.isTainted = true
        tainted.expiresAt = 12
        let other = try TokenAuthority(keyID: "k2", key: tainted.key)
        let certificate = try X509Certificate(der: Array(sampleCertificate))
        return [
            try TrustBundle(trustDomain: TrustDomain("a.test")),
            try TrustBundle(
                trustDomain: TrustDomain("b.test"), x509Authorities: [X509Authority(certificate, isTainted: true)],
                jwtAuthorities: [tainted], witAuthorities: [other], sequence: .max, refreshHint: 60),
        ]
    }

    /// A self-signed authority of the SPIFFE vectors, in hexadecimal.
    private static var sampleCertificate: [UInt8] {
        let digits = Array(certificateHex.utf8).map { $0 < 0x3a ? $0 - 0x30 : $0 - 0x57 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static let certificateHex = """
        308201de30820185a003020102021412e1a24353b2ce001fca8648abc4692ee7b52c32300a06082a8648ce3d04030230\
        3d310b3009060355040613025a5a3110300e060355040a0c07766563746f7273311c301a060355040513133734303339\
        3230363632313430383431343434301e170d3230303130313030303030305a170d3435303130313030303030305a303d\
        310b3009060355040613025a5a3110300e060355040a0c07766563746f7273311c301a06035504051313373430333932\
        303636323134303834313434343059301306072a8648ce3d020106082a8648ce3d0301070342000441905c59ca43d73b\
        551d2e0689484f6c60c10859513e5477fb0d99775dde936d1f8fbbc40e862095856cc731a99538dfe326700e9075dddf\
        8bb53f314b786f6fa3633061300f0603551d130101ff040530030101ff300e0603551d0f0101ff040403020106301f06\
        03551d110418301686147370696666653a2f2f6578616d706c652e6f7267301d0603551d0e041604143749938f8cedf3\
        b982baaa09b4fc70c6d518016a300a06082a8648ce3d0403020347003044022062d8cf360215243bb1445cd1746c9672\
        03aeab16d899993ffe00763300c6a71c022003619d9888a24d0be512978a879d0d8679f161057d351ccdf874b1e4f5ba\
        2790
        """
}

private func expect<T: Equatable>(
    _ found: T, is expected: T, line: Int = #line, file: String = #fileID
) throws {
    guard found == expected else {
        throw IssuerConformanceFailure(
            description: "\(file):\(line): found \(String(describing: found).prefix(400)), "
                + "expected \(String(describing: expected).prefix(400))")
    }
}
