// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import NodeAgent

struct CacheStateTests {
    let authority = TestAuthority()
    var state = CacheState(capacity: 1000)

    init() {
        trust(authority.bundle(sequence: 1))
        _ = state.apply(EntryChanges())
    }

    private mutating func trust(_ bundle: TrustBundle) {
        var trust = state.trust
        try! trust.setOwn(bundle) { try TombstoneAuthority.make($0, at: Sample.now) }
        _ = state.apply(trust)
    }

    @discardableResult
    private mutating func put(_ entries: RegistrationEntry...) -> Set<Int> {
        state.apply(EntryChanges(updated: entries))
    }

    private mutating func sign(_ entry: RegistrationEntry, lifetime: Int64 = 3600, by other: TestAuthority? = nil) {
        let held = Sample.held(entry, by: other ?? authority, lifetime: lifetime)
        _ = state.finish(entry, .signed(held), at: Sample.now)
    }

    private mutating func x509(_ selectors: Set<Selector> = [Sample.web]) -> CacheState.Reading<X509Update> {
        state.x509(selectors, isDelegated: false, at: Sample.now)
    }

    private mutating func jobs(at now: CertificateTime = Sample.now, most: Int = 500) -> [String] {
        state.takeJobs(at: now, most: most).map(\.id)
    }

    @Test mutating func `a clock that goes back leaves nobody waiting`() {
        let entry = Sample.entry("a")
        put(entry)
        #expect(jobs() == ["a"])
        _ = state.finish(entry, .failed(retryAfter: 5), at: Sample.now.advanced(by: 86_400))
        #expect(jobs() == ["a"])
        _ = state.finish(entry, .failed(retryAfter: CacheState.longestWait), at: Sample.now)
        #expect(jobs().isEmpty)
    }

    // MARK: Reading

    @Test mutating func `a workload gets the entries all of whose selectors it has`() throws {
        let both = Sample.entry("b", path: "/b", selectors: [Sample.web, Sample.group], createdAt: 2)
        let one = Sample.entry("a", path: "/a", createdAt: 1)
        let foreign = Sample.entry("c", path: "/c", selectors: [Sample.web, Sample.other])
        put(both, one, foreign)
        for entry in [both, one, foreign] { sign(entry) }
        #expect(x509([Sample.web, Sample.group]).update?.svids.map(\.entryID) == ["a", "b"])
        #expect(x509().update?.svids.map(\.entryID) == ["a"])
        #expect(x509([Sample.group]).denial == .noIdentity)
        #expect(x509([]).denial == .noIdentity)
    }

    @Test mutating func `a new entry never becomes the default identity`() {
        let old = Sample.entry("z", path: "/old", createdAt: 1)
        let new = Sample.entry("a", path: "/new", createdAt: 2)
        put(new, old)
        for entry in [new, old] { sign(entry) }
        #expect(x509().update?.svids.map(\.id.path) == ["/old", "/new"])
    }

    @Test mutating func `of equal hints the oldest entry's counts`() {
        put(
            Sample.entry("b", createdAt: 20, hint: "h"), Sample.entry("a", createdAt: 10, hint: "h"),
            Sample.entry("c", createdAt: 5), Sample.entry("d", createdAt: 6))
        let ids = state.identities([Sample.web], isDelegated: false, at: Sample.now).map(\.id)
        #expect(ids == ["c", "d", "a"])
        put(Sample.entry("z", createdAt: 10, hint: "x"), Sample.entry("y", createdAt: 10, hint: "x"))
        let later = state.identities([Sample.web], isDelegated: false, at: Sample.now).map(\.id)
        #expect(later == ["c", "d", "a", "y"])
    }

    @Test mutating func `a state waits for every SVID of it, but not for a refused one`() {
        let one = Sample.entry("a", path: "/a")
        let two = Sample.entry("b", path: "/b")
        put(one, two)
        #expect(x509().isPending)
        sign(one)
        #expect(x509().isPending)
        _ = state.finish(two, .failed(retryAfter: 5), at: Sample.now)
        #expect(x509().update?.svids.map(\.entryID) == ["a"])
    }

    @Test mutating func `without any SVID the workload is told to come later`() {
        let one = Sample.entry("a")
        put(one)
        _ = state.finish(one, .failed(retryAfter: 5), at: Sample.now)
        #expect(x509().denial?.status == .unavailable)
    }

    @Test mutating func `an SVID past its end is not given out`() {
        let one = Sample.entry("a")
        put(one)
        sign(one, lifetime: 60)
        let later = Sample.now.advanced(by: 61)
        #expect(state.x509([Sample.web], isDelegated: false, at: later).isPending)
        let number = state.subscribe([Sample.web], needsSVIDs: true)
        #expect(state.expire(at: later) == [number])
        #expect(state.heldCount == 0)
    }

    @Test mutating func `entries that ended, go to a secret store or have no selectors are for no workload`() {
        put(
            Sample.entry("a") { $0.expiresAt = Sample.now.seconds },
            Sample.entry("b") { $0.storesSVID = true }, Sample.entry("c", selectors: []))
        #expect(x509().denial == .noIdentity)
        #expect(jobs().isEmpty)
    }

    @Test mutating func `a delegate gets no identity that administers or issues`() {
        put(
            Sample.entry("a") { $0.isAdmin = true }, Sample.entry("b") { $0.isDownstream = true }, Sample.entry("c"))
        #expect(state.identities([Sample.web], isDelegated: true, at: Sample.now).map(\.id) == ["c"])
        #expect(state.identities([Sample.web], isDelegated: false, at: Sample.now).count == 3)
    }

    @Test mutating func `a delegate waits where a workload is told that there is nothing`() {
        #expect(x509().denial == .noIdentity)
        let empty = state.x509([Sample.web], isDelegated: true, at: Sample.now).update
        #expect(empty?.svids.isEmpty == true)
        #expect(empty?.federatedBundles.isEmpty == true)
        put(Sample.entry("a"))
        #expect(state.x509([Sample.web], isDelegated: true, at: Sample.now).isPending)
        #expect(jobs() == ["a"])
        _ = state.finish(Sample.entry("a"), .failed(retryAfter: 5), at: Sample.now)
        #expect(state.x509([Sample.web], isDelegated: true, at: Sample.now).denial?.status == .unavailable)
    }

    @Test mutating func `before the entries are known nobody is told that there are none`() {
        state = CacheState(capacity: 10)
        trust(authority.bundle(sequence: 1))
        #expect(x509().denial == .notServing)
        #expect(
            state.x509Bundles([Sample.web], isDelegated: false, allowsStrangers: false, at: Sample.now).denial
                == .notServing)
        #expect(
            state.jwtBundles([Sample.web], isDelegated: false, allowsStrangers: false, at: Sample.now).denial
                == .notServing)
        #expect(state.x509([Sample.web], isDelegated: true, at: Sample.now).denial == .notServing)
        #expect(state.allX509Bundles().denial == .notServing)
        #expect(state.allJWTBundles().denial == .notServing)
        let number = state.subscribe([Sample.web], needsSVIDs: true)
        #expect(state.apply(EntryChanges()) == [number])
        #expect(x509().denial == .noIdentity)
    }

    @Test mutating func `without the own bundle nobody is served`() {
        var empty = CacheState(capacity: 10)
        _ = empty.apply(EntryChanges(updated: [Sample.entry("a")]))
        #expect(empty.x509([Sample.web], isDelegated: false, at: Sample.now).denial == .notServing)
        #expect(
            empty.x509Bundles([Sample.web], isDelegated: false, allowsStrangers: true, at: Sample.now).denial
                == .notServing)
        #expect(
            empty.jwtBundles([Sample.web], isDelegated: false, allowsStrangers: true, at: Sample.now).denial
                == .notServing)
    }

    @Test mutating func `bundles are the own one and those that the entries want`() throws {
        let partner = TestAuthority(Sample.partner)
        let third = TestAuthority(try TrustDomain("third.test"))
        var trust = state.trust
        for other in [partner, third] { trust.setFederated(other.bundle(), of: other.trustDomain) }
        _ = state.apply(trust)
        put(Sample.entry("a") { $0.federatesWith = [Sample.partner] })
        sign(Sample.entry("a"))
        let update = try #require(x509().update)
        #expect(update.bundle.authorities == [authority.certificate])
        #expect(update.federatedBundles.map(\.trustDomain) == [Sample.partner])
        let bundles = state.x509Bundles([Sample.web], isDelegated: false, allowsStrangers: false, at: Sample.now)
        #expect(bundles.update?.bundles.map(\.trustDomain) == [Sample.domain, Sample.partner])
        let keys = state.jwtBundles([Sample.web], isDelegated: false, allowsStrangers: false, at: Sample.now)
        #expect(keys.update?.bundles.map(\.trustDomain) == [Sample.domain, Sample.partner])
        #expect(keys.update?.bundles.first?.document == authority.bundle().jwtBundle.keySet)
        // Delegates have all.
        let all = [Sample.domain, Sample.partner, third.trustDomain]
        #expect(state.allX509Bundles().update?.bundles.map(\.trustDomain) == all)
        #expect(state.allJWTBundles().update?.bundles.map(\.trustDomain) == all)
    }

    @Test mutating func `strangers get the own bundles only where that is allowed`() {
        let strangers: Set<Selector> = [Sample.other]
        #expect(
            state.x509Bundles(strangers, isDelegated: false, allowsStrangers: false, at: Sample.now).denial
                == .noIdentity)
        #expect(
            state.jwtBundles(strangers, isDelegated: false, allowsStrangers: false, at: Sample.now).denial
                == .noIdentity)
        #expect(
            state.x509Bundles(strangers, isDelegated: false, allowsStrangers: true, at: Sample.now).update?.bundles
                .map(\.trustDomain) == [Sample.domain])
        #expect(
            state.jwtBundles(strangers, isDelegated: false, allowsStrangers: true, at: Sample.now).update?.bundles
                .count == 1)
    }

    // MARK: Entries

    @Test mutating func `changes wake exactly those whom they concern`() {
        let mine = state.subscribe([Sample.web], needsSVIDs: true)
        let others = state.subscribe([Sample.other], needsSVIDs: true)
        #expect(put(Sample.entry("a")) == [mine])
        #expect(put(Sample.entry("b", selectors: [Sample.other])) == [others])
        #expect(put(Sample.entry("c", selectors: [Sample.web, Sample.group])).isEmpty)
        #expect(state.apply(EntryChanges(removed: ["a"])) == [mine])
        #expect(state.apply(EntryChanges(removed: ["a", "unknown"])).isEmpty)
        state.unsubscribe(mine)
        #expect(put(Sample.entry("a")).isEmpty)
    }

    @Test mutating func `a change of what an SVID says costs the SVID, another change does not`() {
        let entry = Sample.entry("a")
        put(entry)
        sign(entry)
        put(Sample.entry("a", selectors: [Sample.web, Sample.group]) { $0.revision = 1 })
        #expect(state.held("a") != nil)
        for change: (inout RegistrationEntry) -> Void in [
            { $0.spiffeID = try! SPIFFEID("spiffe://example.org/else") }, { $0.dnsNames = ["web.example.org"] },
            { $0.x509SVIDTTL = 60 }, { $0.hint = "h" }, { $0.createdAt = 9 },
        ] {
            put(entry)
            sign(entry)
            #expect(state.held("a") != nil)
            put(Sample.entry("a", change: change))
            #expect(state.held("a") == nil)
        }
    }

    @Test mutating func `an SVID for a former state of an entry is not taken`() {
        let entry = Sample.entry("a")
        put(entry)
        #expect(jobs() == ["a"])
        put(Sample.entry("a") { $0.dnsNames = ["web.example.org"] })
        sign(entry)
        #expect(state.held("a") == nil)
        _ = state.apply(EntryChanges(removed: ["a"]))
        sign(entry)
        #expect(state.heldCount == 0)
    }

    // MARK: Signing

    @Test mutating func `an SVID is replaced from half of its life on, and asked for once`() {
        let entry = Sample.entry("a")
        put(entry)
        #expect(jobs() == ["a"])
        #expect(jobs().isEmpty)
        sign(entry, lifetime: 3600)
        #expect(jobs(at: Sample.now.advanced(by: 1799)).isEmpty)
        #expect(jobs(at: Sample.now.advanced(by: 1800)) == ["a"])
    }

    @Test mutating func `what is refused is asked for again later`() {
        let entry = Sample.entry("a")
        put(entry)
        _ = jobs()
        _ = state.finish(entry, .failed(retryAfter: 5), at: Sample.now)
        #expect(jobs(at: Sample.now.advanced(by: 4)).isEmpty)
        #expect(jobs(at: Sample.now.advanced(by: 5)) == ["a"])
        _ = state.finish(entry, .released, at: Sample.now.advanced(by: 5))
        #expect(jobs(at: Sample.now.advanced(by: 5)) == ["a"])
    }

    @Test mutating func `an SVID that is not valid yet is replaced, and handed out until then`() {
        let entry = Sample.entry("a")
        let ahead = Sample.now.advanced(by: 86_400)
        put(entry)
        _ = jobs(at: ahead)
        _ = state.finish(entry, .signed(Sample.held(entry, by: authority, at: ahead)), at: ahead)
        #expect(jobs(at: ahead).isEmpty)
        #expect(jobs() == ["a"])
        #expect(x509().update?.svids.count == 1)
    }

    @Test mutating func `tainted and revoked authorities' SVIDs go first, then what somebody waits for`() {
        let old = TestAuthority()
        trust(authority.bundle(and: [old], sequence: 2))
        let condemned = Sample.entry("d", selectors: [Sample.web])
        let waited = Sample.entry("c", selectors: [Sample.web])
        let unread = Sample.entry("a", selectors: [Sample.other])
        let unreadCondemned = Sample.entry("b", selectors: [Sample.other])
        put(condemned, waited, unread, unreadCondemned)
        for entry in [condemned, unreadCondemned] { sign(entry, by: old) }
        _ = state.subscribe([Sample.web], needsSVIDs: true)
        trust(authority.bundle(sequence: 3))
        #expect(jobs() == ["d", "c", "b", "a"])
        // One that comes from a condemned authority again is not asked for at once.
        sign(condemned, by: old)
        #expect(jobs(at: Sample.now.advanced(by: 4)).isEmpty)
        #expect(jobs(at: Sample.now.advanced(by: 5)) == ["d"])
    }

    @Test mutating func `a tainted authority is condemned while it is still trusted`() {
        let entry = Sample.entry("a")
        put(entry)
        sign(entry)
        #expect(jobs().isEmpty)
        trust(authority.bundle(tainted: true, sequence: 2))
        #expect(jobs() == ["a"])
        #expect(x509().update?.bundle.authorities == [authority.certificate])
    }

    @Test mutating func `only so much is signed ahead, and only for entries that allow it`() {
        state = CacheState(capacity: 2)
        trust(authority.bundle(sequence: 1))
        put(
            Sample.entry("a"), Sample.entry("b"), Sample.entry("c"),
            Sample.entry("d", selectors: [Sample.other]) { $0.isSignedOnDemand = true })
        #expect(jobs().count == 2)
        #expect(jobs().isEmpty)
        _ = state.subscribe([Sample.other], needsSVIDs: true)
        #expect(jobs() == ["d"])
    }

    @Test mutating func `no batch is larger than asked for`() {
        put(Sample.entry("a"), Sample.entry("b"), Sample.entry("c"))
        #expect(jobs(most: 2).count == 2)
        #expect(jobs(most: 2).count == 1)
    }

    @Test mutating func `the signer has to look at once only for a reader who lacks an SVID`() {
        let entry = Sample.entry("a")
        put(entry)
        let reader = state.subscribe([Sample.web], needsSVIDs: true)
        let verifier = state.subscribe([Sample.web], needsSVIDs: false)
        #expect(state.lacksSVIDs(reader, at: Sample.now))
        #expect(!state.lacksSVIDs(verifier, at: Sample.now))
        sign(entry, lifetime: 60)
        #expect(!state.lacksSVIDs(reader, at: Sample.now.advanced(by: 60)))
        #expect(state.lacksSVIDs(reader, at: Sample.now.advanced(by: 61)))
        state.unsubscribe(reader)
        #expect(!state.lacksSVIDs(reader, at: Sample.now.advanced(by: 61)))
    }

    @Test(.timeLimit(.minutes(1))) func `a reader who lacks an SVID wakes the signer`() async {
        let cache = SVIDCache(capacity: 10)
        cache.change { $0.apply(EntryChanges(updated: [Sample.entry("a")])) }
        let subscription = cache.subscribe([Sample.web], needsSVIDs: true, at: Sample.now)
        await cache.work.wait()
        withExtendedLifetime(subscription) {}
    }

    // MARK: Eviction

    @Test mutating func `live subscribers pin what they match with all selectors, and nothing else`() {
        put(Sample.entry("a"), Sample.entry("b", selectors: [Sample.web, Sample.group]))
        let number = state.subscribe([Sample.web], needsSVIDs: true)
        let reader = state.subscribe([Sample.web], needsSVIDs: false)
        #expect(state.pinnedIDs == ["a"])
        put(Sample.entry("c"))
        #expect(state.pinnedIDs == ["a", "c"])
        put(Sample.entry("c", selectors: [Sample.other]))
        #expect(state.pinnedIDs == ["a"])
        // Both know the smallest selector of the entry, under which it stands; only one knows the other as well.
        let half = state.subscribe([Sample.group], needsSVIDs: true)
        put(Sample.entry("d", selectors: [Sample.web, Sample.group]))
        #expect(state.pinnedIDs == ["a"])
        for one in [number, reader, half] { state.unsubscribe(one) }
        #expect(state.pinnedIDs.isEmpty)
        #expect(state.subscriberCount == 0)
    }

    @Test mutating func `what nobody used for longest makes room, pinned ones never`() {
        state = CacheState(capacity: 1)
        trust(authority.bundle(sequence: 1))
        let entries = ["a", "b", "c"].map { Sample.entry($0, path: "/\($0)", selectors: [try! Selector("x:\($0)")]) }
        for entry in entries { put(entry) }
        let number = state.subscribe([try! Selector("x:a")], needsSVIDs: true)
        sign(entries[0])
        sign(entries[1])
        _ = x509([try! Selector("x:b")])
        sign(entries[2])
        #expect(state.held("a") != nil)
        #expect(state.heldCount == 2)
        state.unsubscribe(number)
        #expect(state.heldCount == 1)
        _ = state.apply(EntryChanges(removed: ["a", "b", "c"]))
        #expect(state.heldCount == 0)
    }
}

extension CacheState.Reading {
    var update: State? { if case .ready(let state) = self { state } else { nil } }
    var denial: WorkloadDenial? { if case .denied(let denial) = self { denial } else { nil } }
    var isPending: Bool { if case .pending = self { true } else { false } }
}
