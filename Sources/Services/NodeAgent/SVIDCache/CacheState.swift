// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// What an agent has for its workloads, and what it should sign next. Pure: the shell around it has lock, clock and bells.
///
/// Live subscribers pin the entries that they match with all selectors: those are always kept signed. The others are
/// signed ahead as far as there is room, and given up by how long nobody used them. Facts (SPIFFE) 20.3.
struct CacheState: Sendable {
    /// Longest time, in seconds, before an entry that could not be signed is tried again.
    static let longestWait: Int64 = 300

    /// How many SVIDs are kept beside pinned ones.
    let capacity: Int
    private(set) var book = EntryBook()
    private(set) var trust = TrustState()
    /// Whether the issuer has said which entries there are; before that, that somebody has none means nothing.
    private(set) var knowsEntries = false
    private var slots = Slots()
    private var subscribers: [Int: Subscriber] = [:]
    private var subscribersBySelector: [Selector: Set<Int>] = [:]
    private var pins: [String: Int] = [:]
    private var nextSubscriber = 0
    private var uses: UInt64 = 0

    /// Beside an entry: its SVID, and what became of the last attempt to get one.
    private struct Slot {
        var held: HeldSVID?
        var usedAt: UInt64 = 0
        var isSigning = false
        /// After a failure: not before this moment again.
        var notBefore: CertificateTime?
        var failures = 0
    }

    /// The slots by entry, with the number of SVIDs in them: that is asked for with every call, and counting takes longer
    /// the more entries there are.
    private struct Slots {
        private(set) var all: [String: Slot] = [:]
        private(set) var heldCount = 0

        subscript(id: String) -> Slot? {
            get { all[id] }
            set {
                if all[id]?.held != nil { heldCount -= 1 }
                if newValue?.held != nil { heldCount += 1 }
                all[id] = newValue
            }
        }
    }

    private struct Subscriber {
        let selectors: Set<Selector>
        let needsSVIDs: Bool
        var matched: Set<String>
    }

    init(capacity: Int) { self.capacity = max(0, capacity) }

    var revisions: [EntryRevision] { book.revisions }
    var heldCount: Int { slots.heldCount }
    var subscriberCount: Int { subscribers.count }
    var entryCount: Int { book.entries.count }
    var pinnedIDs: Set<String> { Set(pins.keys) }
    func held(_ id: String) -> HeldSVID? { slots[id]?.held }

    // MARK: Subscribers

    mutating func subscribe(_ selectors: Set<Selector>, needsSVIDs: Bool) -> Int {
        nextSubscriber += 1
        let number = nextSubscriber
        let matched = Set(book.matching(selectors).map(\.id))
        subscribers[number] = Subscriber(selectors: selectors, needsSVIDs: needsSVIDs, matched: matched)
        for selector in selectors { subscribersBySelector[selector, default: []].insert(number) }
        if needsSVIDs { for id in matched { pins[id, default: 0] += 1 } }
        return number
    }

    mutating func unsubscribe(_ number: Int) {
        guard let subscriber = subscribers.removeValue(forKey: number) else { return }
        for selector in subscriber.selectors {
            subscribersBySelector[selector]?.remove(number)
            if subscribersBySelector[selector]?.isEmpty == true { subscribersBySelector[selector] = nil }
        }
        if subscriber.needsSVIDs { for id in subscriber.matched { unpin(id) } }
        evict()
    }

    /// Whether an SVID is missing that a subscriber reads.
    func lacksSVIDs(_ number: Int, at now: CertificateTime) -> Bool {
        guard let subscriber = subscribers[number], subscriber.needsSVIDs else { return false }
        return subscriber.matched.contains { id in
            guard let held = slots[id]?.held else { return true }
            return held.notAfter < now
        }
    }

    private mutating func unpin(_ id: String) {
        guard let count = pins[id] else { return }
        pins[id] = count > 1 ? count - 1 : nil
    }

    // MARK: What the issuer says

    /// Follows the issuer's entries.
    /// - Returns: the subscribers whose state may be another now.
    mutating func apply(_ changes: EntryChanges) -> Set<Int> {
        var touched = knowsEntries ? [] : Set(subscribers.keys)
        knowsEntries = true
        for id in changes.removed { touched.formUnion(remove(id)) }
        for entry in changes.updated {
            let old = book.entries[entry.id]
            touched.formUnion(remove(entry.id, keepingSlot: old.map { Self.keepsSVID($0, entry) } ?? false))
            touched.formUnion(add(entry))
        }
        evict()
        return touched
    }

    /// Whether an SVID for the old state of an entry is good for the new one as well: all that stands in it is the same.
    private static func keepsSVID(_ old: RegistrationEntry, _ new: RegistrationEntry) -> Bool {
        old.spiffeID == new.spiffeID && old.x509SVIDTTL == new.x509SVIDTTL && old.dnsNames == new.dnsNames
            && old.hint == new.hint && old.createdAt == new.createdAt && old.isDownstream == new.isDownstream
    }

    private mutating func remove(_ id: String, keepingSlot: Bool = false) -> Set<Int> {
        guard let old = book.entries[id] else { return [] }
        book.remove(id)
        if !keepingSlot { slots[id] = nil }
        var touched: Set<Int> = []
        for number in candidates(for: old) where subscribers[number]?.matched.remove(id) != nil {
            touched.insert(number)
            if subscribers[number]?.needsSVIDs == true { unpin(id) }
        }
        return touched
    }

    private mutating func add(_ entry: RegistrationEntry) -> Set<Int> {
        book.put(entry)
        if slots[entry.id] == nil { slots[entry.id] = Slot() }
        var touched: Set<Int> = []
        for number in candidates(for: entry) {
            guard let subscriber = subscribers[number], entry.matches(subscriber.selectors) else { continue }
            subscribers[number]?.matched.insert(entry.id)
            if subscriber.needsSVIDs { pins[entry.id, default: 0] += 1 }
            touched.insert(number)
        }
        return touched
    }

    /// Everybody who has the entry's smallest selector; whoever matches the entry is among them.
    private func candidates(for entry: RegistrationEntry) -> Set<Int> {
        entry.selectors.min().flatMap { subscribersBySelector[$0] } ?? []
    }

    /// Follows the bundles.
    /// - Returns: the subscribers whose state may be another now.
    mutating func apply(_ new: TrustState) -> Set<Int> {
        guard new != trust else { return [] }
        trust = new
        return Set(subscribers.keys)
    }

    // MARK: Signing

    /// The entries for which an SVID should be asked for now, the most urgent first; they count as being signed until
    /// ``finish(_:_:at:)``.
    mutating func takeJobs(at now: CertificateTime, most: Int) -> [RegistrationEntry] {
        var due: [(rank: Int, by: CertificateTime, id: String)] = []
        var room = capacity - slots.all.count { pins[$0.key] == nil && ($0.value.held != nil || $0.value.isSigning) }
        for (id, slot) in slots.all {
            guard let entry = book.entries[id], !slot.isSigning, isServed(entry, at: now) else { continue }
            // A moment further ahead than any wait was set by a clock that has gone back since.
            if let wait = slot.notBefore, wait > now, wait <= now.advanced(by: Self.longestWait) { continue }
            let isPinned = pins[id] != nil
            guard let held = slot.held, held.notAfter >= now else {
                if isPinned {
                    due.append((1, now, id))
                } else if !entry.isSignedOnDemand, room > 0 || slot.held != nil {
                    if slot.held == nil { room -= 1 }
                    due.append((4, now, id))
                }
                continue
            }
            if trust.condemns(held.authority) {
                due.append((isPinned ? 0 : 3, held.notAfter, id))
            } else if held.rotatesAt <= now || held.notBefore > now {
                // What is not valid yet was signed while the clocks were ahead.
                due.append((isPinned ? 2 : 4, held.notAfter, id))
            }
        }
        due.sort { ($0.rank, $0.by.seconds, $0.id) < ($1.rank, $1.by.seconds, $1.id) }
        let taken = due.prefix(max(0, most)).compactMap { book.entries[$0.id] }
        for entry in taken { slots[entry.id]?.isSigning = true }
        return taken
    }

    /// What became of a job.
    enum SigningResult {
        case signed(HeldSVID)
        /// Not now; whoever waits is told so.
        case failed(retryAfter: Int64)
        /// Nothing was tried.
        case released
    }

    /// Takes the result of a job.
    /// - Returns: the subscribers whose state may be another now.
    mutating func finish(_ entry: RegistrationEntry, _ result: SigningResult, at now: CertificateTime) -> Set<Int> {
        slots[entry.id]?.isSigning = false
        // The entry may be gone by now, or in a state in which the certificate says the wrong things.
        guard let current = book.entries[entry.id], Self.keepsSVID(entry, current), var slot = slots[entry.id] else {
            return []
        }
        switch result {
        case .signed(let held):
            slot.held = held
            slot.failures = 0
            // An issuer that still signs by a condemned authority is not asked again at once.
            slot.notBefore = trust.condemns(held.authority) ? now.advanced(by: 5) : nil
        case .failed(let seconds):
            slot.failures = min(slot.failures + 1, 16)
            slot.notBefore = now.advanced(by: seconds)
        case .released: break
        }
        slots[entry.id] = slot
        evict()
        return Set(candidates(for: current).filter { subscribers[$0]?.matched.contains(entry.id) == true })
    }

    /// How often in a row an entry could not be signed.
    func failures(_ id: String) -> Int { slots[id]?.failures ?? 0 }

    /// Gives up what time has ended.
    /// - Returns: the subscribers whose state may be another now.
    mutating func expire(at now: CertificateTime) -> Set<Int> {
        var touched: Set<Int> = []
        for (id, slot) in slots.all {
            guard let entry = book.entries[id] else { continue }
            let isStale = slot.held.map { $0.notAfter < now } ?? false
            guard isStale || entry.isExpired(at: now.seconds) else { continue }
            slots[id]?.held = nil
            touched.formUnion(candidates(for: entry).filter { subscribers[$0]?.matched.contains(id) == true })
        }
        return touched
    }

    private func isServed(_ entry: RegistrationEntry, at now: CertificateTime) -> Bool {
        !entry.isExpired(at: now.seconds) && !entry.storesSVID && !entry.selectors.isEmpty
    }

    private mutating func evict() {
        // Counted by what is pinned, which is little; all slots are looked through only when there is too much.
        let tooMany = slots.heldCount - pins.keys.count { slots[$0]?.held != nil } - capacity
        guard tooMany > 0 else { return }
        let loose = slots.all.filter { $0.value.held != nil && pins[$0.key] == nil }
        for (id, _) in loose.sorted(by: { $0.value.usedAt < $1.value.usedAt }).prefix(tooMany) {
            slots[id]?.held = nil
        }
    }

    // MARK: Reading

    /// What a reader gets.
    enum Reading<State: Sendable>: Sendable {
        case ready(State)
        /// Something is being signed that belongs to the state.
        case pending
        case denied(WorkloadDenial)
    }

    /// The identities of a workload, in order; those that administer or issue only for the workload itself.
    func identities(_ selectors: Set<Selector>, isDelegated: Bool, at now: CertificateTime) -> [RegistrationEntry] {
        IdentityOrder.arranged(
            book.matching(selectors).filter {
                isServed($0, at: now) && !(isDelegated && ($0.isAdmin || $0.isDownstream))
            })
    }

    /// The full X.509 state of a workload. That there is nothing for a workload is no news to itself; a delegate waits for
    /// what may come, and sees when the last of it goes.
    mutating func x509(
        _ selectors: Set<Selector>, isDelegated: Bool, at now: CertificateTime
    ) -> Reading<X509Update> {
        guard let bundle = trust.ownX509, knowsEntries else { return .denied(.notServing) }
        let entries = identities(selectors, isDelegated: isDelegated, at: now)
        guard !entries.isEmpty || isDelegated else { return .denied(.noIdentity) }
        var svids: [WorkloadSVID] = []
        for entry in entries {
            guard let slot = slots[entry.id] else { continue }
            uses += 1
            slots[entry.id]?.usedAt = uses
            if let held = slot.held, held.notAfter >= now {
                svids.append(held.svid)
            } else if slot.failures == 0 {
                return .pending
            }
        }
        guard !svids.isEmpty || entries.isEmpty else { return .denied(.unavailable("no SVID could be signed")) }
        return .ready(
            X509Update(svids: svids, bundle: bundle, federatedBundles: trust.federatedX509(domains(of: entries))))
    }

    /// The X.509 authorities that a workload trusts; without an identity only the own ones, where that is allowed.
    func x509Bundles(
        _ selectors: Set<Selector>, isDelegated: Bool, allowsStrangers: Bool, at now: CertificateTime
    ) -> Reading<X509BundleUpdate> {
        guard let bundle = trust.ownX509, knowsEntries else { return .denied(.notServing) }
        let entries = identities(selectors, isDelegated: isDelegated, at: now)
        guard !entries.isEmpty || allowsStrangers else { return .denied(.noIdentity) }
        let all = [bundle] + trust.federatedX509(domains(of: entries))
        return .ready(X509BundleUpdate(bundles: all.sorted { $0.trustDomain < $1.trustDomain }))
    }

    /// The JWT authorities that a workload trusts; without an identity only the own ones, where that is allowed.
    func jwtBundles(
        _ selectors: Set<Selector>, isDelegated: Bool, allowsStrangers: Bool, at now: CertificateTime
    ) -> Reading<JWTBundleUpdate> {
        guard let own = trust.own, knowsEntries else { return .denied(.notServing) }
        let entries = identities(selectors, isDelegated: isDelegated, at: now)
        guard !entries.isEmpty || allowsStrangers else { return .denied(.noIdentity) }
        let others = domains(of: entries).compactMap { trust.federated[$0] }
        return .ready(Self.keySets([own] + others))
    }

    /// The X.509 authorities of every trust domain that the agent knows.
    func allX509Bundles() -> Reading<X509BundleUpdate> {
        guard let own = trust.ownX509, knowsEntries else { return .denied(.notServing) }
        let all = [own] + trust.federatedX509(Set(trust.federated.keys))
        return .ready(X509BundleUpdate(bundles: all.sorted { $0.trustDomain < $1.trustDomain }))
    }

    /// The JWT authorities of every trust domain that the agent knows.
    func allJWTBundles() -> Reading<JWTBundleUpdate> {
        guard let own = trust.own, knowsEntries else { return .denied(.notServing) }
        return .ready(Self.keySets([own] + trust.federated.values))
    }

    private static func keySets(_ bundles: [TrustBundle]) -> JWTBundleUpdate {
        let sets = bundles.map {
            JWTBundleUpdate.KeySet(trustDomain: $0.trustDomain, document: $0.jwtBundle.keySet)
        }
        return JWTBundleUpdate(bundles: sets.sorted { $0.trustDomain < $1.trustDomain })
    }

    private func domains(of entries: [RegistrationEntry]) -> Set<TrustDomain> {
        entries.reduce(into: []) { $0.formUnion($1.federatesWith) }
    }
}
