// SPDX-License-Identifier: Apache-2.0

import IdentityGRPC
import Testing

@testable import KelmarkCLI

@Suite struct EntryPlanTests {
    private func entry(_ id: String, _ path: String, under parent: String = "/node", uid: Int = 1) -> EntryRecord {
        EntryRecord(
            id: id, spiffeID: IDRecord(trustDomain: "a.test", path: path),
            parentID: IDRecord(trustDomain: "a.test", path: parent),
            selectors: [SelectorRecord(type: "unix", value: "uid:\(uid)")])
    }

    @Test func whatIsMissingIsMadeAndWhatDiffersIsChanged() throws {
        var changed = entry("", "/b")
        changed.hint = "new"
        let plan = try EntryPlan(
            wanted: [entry("", "/a"), changed, entry("", "/c")], present: [entry("1", "/a"), entry("2", "/b")],
            prunesUnder: nil)
        #expect(plan.creations.map(\.spiffeID.path) == ["/c"])
        #expect(plan.changes.map(\.after.id) == ["2"])
        #expect(plan.changes.map(\.fields) == [[.hint]])
        #expect(plan.unchanged == 1)
        #expect(plan.deletions.isEmpty)
        #expect(plan.text.last == "1 to create, 1 to change, 0 to delete, 1 unchanged")
    }

    @Test func aSecondRunDoesNothing() throws {
        var federated = entry("", "/a")
        federated.federatesWith = ["spiffe://b.test"]
        federated.selectors.append(SelectorRecord(type: "unix", value: "gid:2"))
        var there = federated
        there.id = "1"
        there.federatesWith = ["b.test"]
        there.selectors.reverse()
        there.revision = 4
        there.createdAt = 9
        let plan = try EntryPlan(wanted: [federated], present: [there], prunesUnder: [])
        #expect(plan.isEmpty)
        #expect(plan.unchanged == 1)
    }

    @Test func anIDIsStrongerThanLikeness() throws {
        let plan = try EntryPlan(wanted: [entry("1", "/new")], present: [entry("1", "/old")], prunesUnder: nil)
        #expect(plan.changes.map(\.fields) == [[.spiffeID]])
        let other = try EntryPlan(wanted: [entry("9", "/old")], present: [entry("1", "/old")], prunesUnder: nil)
        #expect(other.creations.map(\.id) == ["9"])
    }

    @Test func onlyUnderTheGivenParentsIsAnythingDeleted() throws {
        let present = [
            entry("1", "/a"), entry("2", "/gone"), entry("3", "/other", under: "/elsewhere"),
            entry("4", "/alias", under: "/spire/agent/join_token/x"),
        ]
        let none = try EntryPlan(wanted: [entry("", "/a")], present: present, prunesUnder: nil)
        #expect(none.deletions.isEmpty)
        let plan = try EntryPlan(
            wanted: [entry("", "/a")], present: present,
            prunesUnder: [IDRecord(trustDomain: "a.test", path: "/node")])
        #expect(plan.deletions.map(\.id) == ["2"])
    }

    @Test func aFileMayNotSayTwoThingsOfOneEntry() {
        #expect(throws: CommandFailure.self) {
            try EntryPlan(wanted: [entry("", "/a"), entry("", "/a")], present: [], prunesUnder: nil)
        }
        #expect(throws: CommandFailure.self) {
            try EntryPlan(
                wanted: [entry("1", "/a"), entry("1", "/b")], present: [entry("1", "/a")], prunesUnder: nil)
        }
    }

    @Test func lostFieldsAreThoseNobodySpokeOf() {
        var before = entry("1", "/a")
        before.hint = "h"
        before.dnsNames = ["d"]
        before.x509SVIDTTL = 60
        var after = entry("1", "/a")
        after.x509SVIDTTL = 90
        #expect(EntryUpdateCommand.lost(before, after, given: [.x509SVIDTTL, .selectors]) == ["dns_names", "hint"])
    }
}
