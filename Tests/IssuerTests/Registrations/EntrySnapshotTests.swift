// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import Issuer

/// The index against a plain list that does the same, over stories in any order.
struct EntrySnapshotTests {
    /// Numbers that look random and are the same each time.
    struct Dice {
        var state: UInt64
        mutating func next(_ sides: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % sides
        }
    }

    @Test(arguments: 1...8)
    func agreesWithAPlainList(_ seed: Int) {
        var dice = Dice(state: UInt64(seed))
        var snapshot = EntrySnapshot(server: .example("/spire/server"))
        var plain: [PlacedEntry] = []
        var earlier: (EntrySnapshot, [String])?
        for place in 1...3000 {
            let id = "\(dice.next(900))"
            if dice.next(4) == 0 {
                snapshot.remove(id)
                plain.removeAll { $0.entry.id == id }
            } else {
                let parent = ["/spire/server", "/a", "/b", "/c"][dice.next(4)]
                var entry = RegistrationEntry(
                    id: id, spiffeID: .example(["/a", "/b", "/c", "/d"][dice.next(4)]), parentID: .example(parent),
                    selectors: dice.next(2) == 0 ? .of("s:1") : .of("s:1", "s:2"))
                entry.isAdmin = dice.next(10) == 0
                let former = plain.firstIndex { $0.entry.id == id }
                let placed = PlacedEntry(place: former.map { plain[$0].place } ?? Int64(place), entry: entry)
                snapshot.put(placed)
                if let former { plain[former] = placed } else { plain.append(placed) }
            }
            if place == 1500 { earlier = (snapshot, plain.map(\.entry.id)) }
        }
        func ids(_ body: ((PlacedEntry) -> Bool) -> Void) -> [String] {
            var ids: [String] = []
            body {
                ids.append($0.entry.id)
                return true
            }
            return ids
        }
        #expect(snapshot.count == plain.count)
        #expect(ids { snapshot.forEach($0) } == plain.map(\.entry.id))
        for place in [0, 1, 700, 1499, 2999, 3000] as [Int64] {
            #expect(ids { snapshot.forEach(after: place, $0) } == plain.filter { $0.place > place }.map(\.entry.id))
        }
        for parent in ["/spire/server", "/a", "/none"] {
            let under = plain.filter { $0.entry.parentID == .example(parent) }
            #expect(ids { snapshot.forEach(under: .example(parent), $0) } == under.map(\.entry.id))
        }
        for path in ["/a", "/d"] {
            let admins = plain.contains { $0.entry.spiffeID == .example(path) && $0.entry.isAdmin }
            #expect(snapshot.rights(of: .example(path), at: 0).isAdmin == admins)
        }
        for selectors in [[], Set.of("s:1"), .of("s:1", "s:2", "s:3")] {
            let found = snapshot.authorizedEntries(of: .example("/agent"), selectors: selectors, at: 0)
            #expect(Set(found.map(\.id)) == Self.authorized(plain.map(\.entry), selectors))
            // One by one, and all together with some that are not there.
            let all = Set((0...900).map { "\($0)" })
            let named = snapshot.authorizedEntries(all, of: .example("/agent"), selectors: selectors, at: 0)
            #expect(named == Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0) }))
            for id in all {
                let one = snapshot.authorizedEntries([id], of: .example("/agent"), selectors: selectors, at: 0)
                #expect(one[id] == named[id])
            }
        }
        // Who holds a snapshot sees no later change.
        #expect(earlier.map { held in ids { held.0.forEach($0) } } == earlier?.1)
    }

    private static func authorized(_ entries: [RegistrationEntry], _ selectors: Set<Selector>) -> Set<String> {
        let server = SPIFFEID.example("/spire/server")
        var names = Set(entries.filter { $0.parentID == server && $0.matches(selectors) }.map(\.spiffeID))
        names.insert(.example("/agent"))
        while true {
            let below = Set(entries.filter { names.contains($0.parentID) }.map(\.spiffeID))
            guard !below.isSubset(of: names) else { break }
            names.formUnion(below)
        }
        return Set(entries.filter { names.contains($0.parentID) }.map(\.id))
    }

    @Test func anEntryThatEndedIsNobodys() {
        var snapshot = EntrySnapshot(server: .example("/spire/server"))
        for (id, path, parent) in [("1", "/a", "/agent"), ("2", "/b", "/a")] {
            var entry = RegistrationEntry(
                id: id, spiffeID: .example(path), parentID: .example(parent), selectors: .of("s:1"))
            entry.expiresAt = id == "1" ? 10 : 20
            snapshot.put(PlacedEntry(place: Int64(id) ?? 0, entry: entry))
        }
        func authorized(_ seconds: Int64) -> Set<String> {
            Set(
                snapshot.authorizedEntries(["1", "2"], of: .example("/agent"), selectors: [], at: seconds).keys)
        }
        #expect(authorized(9) == ["1", "2"])
        // Below an entry that has ended there is nothing either.
        #expect(authorized(10) == [])
    }

    @Test func rightsEndWithTheEntry() {
        var snapshot = EntrySnapshot(server: .example("/spire/server"))
        var entry = RegistrationEntry(
            id: "1", spiffeID: .example("/a"), parentID: .example("/n"), selectors: .of("s:1"))
        entry.isAdmin = true
        entry.isDownstream = true
        entry.expiresAt = 10
        snapshot.put(PlacedEntry(place: 1, entry: entry))
        #expect(snapshot.rights(of: .example("/a"), at: 9) == (true, true))
        #expect(snapshot.rights(of: .example("/a"), at: 10) == (false, false))
    }

    @Test func rightsGoWithTheEntry() {
        var snapshot = EntrySnapshot(server: .example("/spire/server"))
        var entry = RegistrationEntry(
            id: "1", spiffeID: .example("/a"), parentID: .example("/n"), selectors: .of("s:1"))
        entry.isAdmin = true
        entry.isDownstream = true
        snapshot.put(PlacedEntry(place: 1, entry: entry))
        entry.isAdmin = false
        snapshot.put(PlacedEntry(place: 1, entry: entry))
        #expect(snapshot.rights(of: .example("/a"), at: 0) == (false, true))
        entry.spiffeID = .example("/b")
        snapshot.put(PlacedEntry(place: 1, entry: entry))
        #expect(snapshot.rights(of: .example("/a"), at: 0) == (false, false))
        #expect(snapshot.rights(of: .example("/b"), at: 0) == (false, true))
        snapshot.remove("1")
        #expect(snapshot.rights(of: .example("/b"), at: 0) == (false, false))
    }
}
