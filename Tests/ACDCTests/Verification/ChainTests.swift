// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import Testing

@testable import ACDC

@Suite("Chains of credentials")
struct ChainTests {
    let scene: CredentialScene
    let ann: AID
    let bob: AID

    init() throws {
        scene = try CredentialScene()
        ann = try scene.issuer("ann")
        bob = try scene.issuer("bob")
    }

    func outcome(by name: String = "bob", _ edges: OrderedValue) throws -> CredentialOutcome {
        try scene.judge(by: name, edges: edges).outcome
    }

    func edge(_ far: Credential, _ rest: OrderedMap = [:]) -> OrderedValue { CredentialScene.edge(far, rest) }

    static let broken = CredentialOutcome.rejected(.edgeBroken)
    static let waiting = CredentialOutcome.escrowed(.missingChain)

    // MARK: Operators of one edge

    @Test("a far credential that is not here is waited for")
    func missing() throws {
        let judgement = try scene.judge(by: "bob", edges: ["boss": ["n": .text(CredentialParserTests.schema.text)]])
        #expect(judgement.outcome == Self.waiting)
        #expect(judgement.waitsFor == [.credential(CredentialParserTests.schema)])
        #expect(judgement.isVouchedFor)
        #expect(judgement.reasons.first?.edge == "e/boss")
        let short = try scene.judge(by: "bob", edges: ["boss": .text(CredentialParserTests.schema.text)])
        #expect(short.outcome == Self.waiting)
        #expect(short.waitsFor == [.credential(CredentialParserTests.schema)])
    }

    @Test("I2I, the default for a targeted far credential")
    func issuerToIssuee() throws {
        let badge = try scene.accepted(by: "ann", to: bob)
        for rest: OrderedMap in [[:], ["o": "I2I"], ["o": ""], ["o": []]] {
            #expect(try outcome(["boss": edge(badge, rest)]) == .accepted)
            #expect(try outcome(by: "eve", ["boss": edge(badge, rest)]) == Self.broken)
        }
        #expect(try outcome(["boss": .text(badge.said.text)]) == .accepted)
        #expect(try outcome(by: "eve", ["boss": .text(badge.said.text)]) == Self.broken)
    }

    @Test("NI2I, the default for an untargeted one")
    func notIssuerToIssuee() throws {
        let badge = try scene.accepted(by: "ann", to: bob)
        #expect(try outcome(by: "eve", ["boss": edge(badge, ["o": "NI2I"])]) == .accepted)
        // Two demands that contradict each other are none.
        #expect(try outcome(by: "eve", ["boss": edge(badge, ["o": ["I2I", "NI2I"]])]) == Self.broken)
        let note = try scene.accepted(by: "ann")
        #expect(try outcome(["note": edge(note)]) == .accepted)
        #expect(try outcome(["note": edge(note, ["o": "I2I"])]) == Self.broken)
        #expect(try outcome(["note": edge(note, ["o": "DI2I"])]) == Self.broken)
    }

    @Test("DI2I: the issuee, its delegates and theirs, nobody else")
    func delegatedIssuerToIssuee() throws {
        try scene.issuer("son", delegatedBy: "bob")
        try scene.issuer("grandson", delegatedBy: "son")
        try scene.issuer("stranger", delegatedBy: "eve")
        let badge = try scene.accepted(by: "ann", to: bob)
        let edges: OrderedValue = ["boss": edge(badge, ["o": "DI2I"])]
        for name in ["bob", "son", "grandson"] { #expect(try outcome(by: name, edges) == .accepted, "\(name)") }
        for name in ["eve", "stranger", "ann"] { #expect(try outcome(by: name, edges) == Self.broken, "\(name)") }
        #expect(try outcome(by: "son", ["boss": edge(badge, ["o": "I2I"])]) == Self.broken)
        // The delegator of an issuee is not its delegate.
        let inner = try scene.accepted(by: "ann", to: scene.issuer("son"))
        #expect(try outcome(by: "bob", ["boss": edge(inner, ["o": "DI2I"])]) == Self.broken)
        scene.limits.delegators = 1
        #expect(try outcome(by: "grandson", ["boss": edge(badge, ["o": "DI2I"])]) == Self.broken)
    }

    @Test("DI2I asks what the delegator's log says now")
    func delegationTakenBack() throws {
        let before = try scene.state("bob")
        try scene.issuer("son", delegatedBy: "bob")
        let badge = try scene.accepted(by: "ann", to: bob)
        let edges: OrderedValue = ["boss": edge(badge, ["o": "DI2I"])]
        #expect(try outcome(by: "son", edges) == .accepted)
        try scene.recover("bob", behind: before)
        #expect(try outcome(by: "son", edges) == Self.waiting)
    }

    @Test("nothing of an issuer that contradicts itself is valid")
    func duplicity() throws {
        let root = try scene.accepted(by: "ann", to: bob)
        let leaf = try scene.accepted(by: "bob", edges: ["root": edge(root)])
        let state = try scene.state("ann")
        try scene.store.keyEventLogs.write {
            $0.addDuplicity(
                DuplicityRecord(
                    aid: ann, sn: state.sn, accepted: state.said, other: root.said, seenAt: CredentialScene.now,
                    message: []))
        }
        #expect(try scene.verdict(root).state == .duplicitous)
        #expect(try scene.verdict(leaf).state == .duplicitous)
        #expect(try !scene.verdict(leaf).isValid)
    }

    @Test("an issuee that is no AID, or that the copy does not show")
    func otherTargets() throws {
        var draft = try scene.draft(by: "ann")
        draft.content = .aggregate([["x": 1]], nonces: [CredentialParserTests.nonce])
        let hidden = try CredentialBuilder.credential(draft, addressing: .mostCompact).compact().credential
        try scene.issue(hidden.said, by: "ann")
        try scene.keep(hidden)
        let judgement = try scene.judge(by: "bob", edges: ["boss": edge(hidden)])
        #expect(judgement.outcome == Self.waiting)
        #expect(judgement.waitsFor == [.credential(hidden.said)])
        #expect(try outcome(["boss": edge(hidden, ["o": "NI2I"])]) == .accepted)

        draft.content = .aggregate([["i": "did:keri:x"]], nonces: [CredentialParserTests.nonce])
        let other = try CredentialBuilder.credential(draft)
        try scene.issue(other.said, by: "ann")
        try scene.keep(other)
        #expect(try outcome(["boss": edge(other)]) == Self.broken)
        #expect(try outcome(["boss": edge(other, ["o": "NI2I"])]) == .accepted)
    }

    @Test("the far schema has to be the one that the edge names")
    func schemas() throws {
        let badge = try scene.accepted(by: "ann", to: bob)
        #expect(try outcome(["boss": edge(badge, ["s": .text(badge.schema.text)])]) == .accepted)
        #expect(try outcome(["boss": edge(badge, ["s": .text(badge.said.text)])]) == Self.broken)
    }

    @Test("NOT: the far credential is here and is not valid")
    func not() throws {
        let badge = try scene.accepted(by: "ann", to: bob)
        #expect(try outcome(["boss": edge(badge, ["o": "NOT"])]) == Self.broken)
        try scene.revoke(badge, by: "ann")
        #expect(try outcome(["boss": edge(badge, ["o": "NOT"])]) == .accepted)
        #expect(try outcome(["boss": edge(badge, ["o": ["NOT", "NI2I"]])]) == .accepted)
        // What is demanded of the issuer is not inverted.
        #expect(try outcome(by: "eve", ["boss": edge(badge, ["o": "NOT"])]) == Self.broken)
        // What is not here is not known to be invalid.
        let absent: OrderedValue = ["n": .text(CredentialParserTests.schema.text), "o": "NOT"]
        #expect(try outcome(["boss": absent]) == Self.waiting)
    }

    @Test("NOT: what a far credential builds upon does not revoke it")
    func notOfChain() throws {
        let root = try scene.accepted(by: "ann", to: bob)
        let badge = try scene.accepted(by: "bob", to: ann, edges: ["root": edge(root)])
        try scene.revoke(root, by: "ann")
        #expect(try scene.verdict(badge).state == .edgeRevoked)
        #expect(try outcome(by: "ann", ["badge": edge(badge, ["o": "NOT"])]) == Self.waiting)
        try scene.revoke(badge, by: "bob")
        #expect(try outcome(by: "ann", ["badge": edge(badge, ["o": "NOT"])]) == .accepted)
    }

    /// Whatever group a fault stands in, and whatever else holds there, it stays one.
    @Test("no operator turns a fault into something that holds", arguments: GroupOperator.allCases)
    func faultsInGroups(_ name: GroupOperator) throws {
        let good = try scene.accepted(by: "ann", to: bob)
        let bad = try scene.accepted(by: "ann", to: bob, attributes: ["x": 1])
        try scene.revoke(bad, by: "ann")
        let faults: [(OrderedValue, CredentialRejection)] = [
            (edge(bad, ["o": "XOR"]), .unknownOperator), (edge(bad, ["o": ["I2I", "NI2I"]]), .edgeBroken),
            (edge(bad, ["o": ["NOT", "NOT"]]), .edgeBroken), (["n": 3], .edgeBroken),
        ]
        for (fault, code) in faults {
            for other in [edge(good), edge(bad)] {
                for group: OrderedMap in [["x": other, "y": fault], ["y": fault, "x": other]] {
                    var group = group
                    group["o"] = .text(name.rawValue)
                    #expect(try outcome(.map(group)) == .rejected(code))
                    #expect(try outcome(["o": "NOR", "inner": .map(group)]) == .rejected(code))
                }
            }
        }
    }

    // MARK: What the far credential builds upon

    @Test("revocations are followed down the chain")
    func revocation() throws {
        let root = try scene.accepted(by: "ann", to: bob)
        let middle = try scene.accepted(by: "bob", to: ann, edges: ["root": edge(root)])
        #expect(try outcome(by: "ann", ["middle": edge(middle)]) == .accepted)
        let leaf = try scene.accepted(by: "ann", edges: ["middle": edge(middle)])
        #expect(try scene.verdict(leaf).chain == [leaf.said, middle.said, root.said])
        try scene.revoke(root, by: "ann")
        let judgement = try scene.judge(by: "ann", edges: ["middle": edge(middle)])
        #expect(judgement.outcome == .rejected(.edgeRevoked))
        #expect(judgement.reasons.first?.edge == "e/middle > e/root")
        #expect(judgement.reasons.first?.credential == root.said)
        #expect(try scene.verdict(root).state == .revoked)
        #expect(try scene.verdict(middle).state == .edgeRevoked)
        #expect(try scene.verdict(leaf).state == .edgeRevoked)
        #expect(try !scene.verdict(leaf).isValid)
    }

    @Test("a sealed revocation whose message is not here leaves everything above it undecided")
    func keptBack() throws {
        let root = try scene.accepted(by: "ann", to: bob)
        let leaf = try scene.accepted(by: "bob", edges: ["root": edge(root)])
        #expect(try scene.verdict(leaf).isValid)
        try scene.announceRevocation(of: root, by: "ann")
        for credential in [leaf, root] {
            let verdict = try scene.verdict(credential)
            #expect(verdict.state == .undecided)
            #expect(verdict.waitsFor == [.status(root.said)])
        }
        try scene.revoke(root, by: "ann")
        #expect(try scene.verdict(root).state == .revoked)
        #expect(try scene.verdict(leaf).state == .edgeRevoked)
    }

    @Test("an issuance that a recovery took away makes everything above it undecided")
    func superseded() throws {
        _ = try scene.registry("ann")
        let before = try scene.state("ann")
        let root = try scene.accepted(by: "ann", to: bob)
        let leaf = try scene.accepted(by: "bob", edges: ["root": edge(root)])
        #expect(try scene.verdict(leaf).state == .valid)
        try scene.recover("ann", behind: before)
        #expect(try scene.verdict(root).state == .unanchored)
        let verdict = try scene.verdict(leaf)
        #expect(verdict.state == .undecided)
        #expect(verdict.waitsFor.contains(.keyEvents(ann)))
        #expect(try outcome(["root": edge(root)]) == Self.waiting)
        // It may be sealed again, so that NOT can't rely on it.
        #expect(try outcome(["root": edge(root, ["o": "NOT"])]) == Self.waiting)
    }

    @Test("a revocation stays when the branch that sealed it is superseded")
    func stickyRevocation() throws {
        let root = try scene.accepted(by: "ann", to: bob)
        let before = try scene.state("ann")
        try scene.revoke(root, by: "ann")
        try scene.recover("ann", behind: before)
        #expect(try scene.verdict(root).state == .revoked)
    }

    @Test("verdicts of what is not here, or not known to be issued")
    func unknown() throws {
        let credential = try CredentialBuilder.credential(scene.draft(by: "ann"))
        #expect(try scene.verdict(credential).state == .unknown)
        try scene.keep(credential)
        #expect(try scene.verdict(credential).state == .unanchored)
        try scene.issue(credential.said, by: "ann")
        #expect(try scene.verdict(credential).state == .valid)
        #expect(try scene.verdict(credential).status?.credential == credential.said)
    }

    @Test("edges that are not shown are waited for")
    func hiddenEdges() throws {
        let badge = try scene.accepted(by: "ann", to: bob)
        let credential = try CredentialBuilder.credential(
            scene.draft(by: "bob", edges: ["boss": edge(badge)]), addressing: .mostCompact)
        try scene.issue(credential.said, by: "bob")
        let judgement = try scene.decide(credential.disclosing([DisclosurePath("a")]).credential)
        #expect(judgement.outcome == Self.waiting)
        #expect(judgement.waitsFor == [.credential(credential.said)])
        #expect(try scene.decide(credential).outcome == .accepted)
    }

    @Test("edges that can't be read or have unknown operators are refused")
    func malformed() throws {
        let badge = try scene.accepted(by: "ann", to: bob)
        #expect(try outcome(["boss": 3]) == Self.broken)
        #expect(try outcome(["boss": edge(badge, ["o": "XYZ"])]) == .rejected(.unknownOperator))
        #expect(try outcome(["o": "XOR", "boss": edge(badge)]) == .rejected(.unknownOperator))
    }

    @Test("chains are followed so far and no further, and no operator makes that good")
    func depth() throws {
        var far = try scene.accepted(by: "ann", to: bob)
        for _ in 0..<3 { far = try scene.accepted(by: "bob", to: bob, edges: ["boss": edge(far)]) }
        scene.limits.depth = 4
        #expect(try outcome(["boss": edge(far)]) == .accepted)
        scene.limits.depth = 3
        #expect(try outcome(["boss": edge(far)]) == Self.broken)
        #expect(try outcome(["boss": edge(far, ["o": "NOT"])]) == Self.broken)
        #expect(try outcome(["o": "NOR", "boss": edge(far)]) == Self.broken)
        #expect(try outcome(["o": "NAND", "boss": edge(far)]) == Self.broken)
        scene.limits.depth = 32
        scene.limits.credentials = 3
        #expect(try outcome(["boss": edge(far)]) == Self.broken)
        #expect(try scene.verdict(far).state == .edgeBroken)
        scene.limits.credentials = 4
        #expect(try outcome(["boss": edge(far)]) == .accepted)
    }

    @Test("many ways to one credential are walked once")
    func diamonds() throws {
        var far = try scene.accepted(by: "ann", to: bob)
        let root = far
        for _ in 0..<20 {
            let copy = far
            let labels = (0..<40).map { OrderedMap.Member(label: "x\($0)", value: edge(copy)) }
            far = try scene.accepted(by: "bob", to: bob, edges: .map(OrderedMap(members: labels)!))
        }
        #expect(try scene.verdict(far).chain.count == 21)
        try scene.revoke(root, by: "ann")
        let verdict = try scene.verdict(far)
        #expect(verdict.state == .edgeRevoked)
        #expect(verdict.reasons.count == 8)
    }

    // MARK: Groups

    /// One member of each truth: valid, revoked, not here; and one whose edge does not fit.
    @Test("groups, with three truths")
    func groups() throws {
        let good = try scene.accepted(by: "ann", to: bob)
        let bad = try scene.accepted(by: "ann", to: bob, attributes: ["x": 1])
        try scene.revoke(bad, by: "ann")
        let members: [Character: OrderedValue] = [
            "t": edge(good), "f": edge(bad), "m": edge(good, ["s": .text(good.said.text)]),
            "u": ["n": .text(CredentialParserTests.schema.text)],
        ]
        let revoked = CredentialOutcome.rejected(.edgeRevoked)
        let table: [(String, String, CredentialOutcome)] = [
            ("AND", "", .accepted), ("AND", "t", .accepted), ("AND", "tt", .accepted), ("AND", "tf", revoked),
            ("AND", "tu", Self.waiting), ("AND", "uf", revoked),
            ("OR", "", Self.broken), ("OR", "t", .accepted), ("OR", "ft", .accepted), ("OR", "ut", .accepted),
            ("OR", "ff", revoked), ("OR", "fu", Self.waiting),
            ("NAND", "", Self.broken), ("NAND", "t", Self.broken), ("NAND", "tf", .accepted),
            ("NAND", "uf", .accepted), ("NAND", "tu", Self.waiting),
            ("NOR", "", .accepted), ("NOR", "f", .accepted), ("NOR", "ft", Self.broken), ("NOR", "ut", Self.broken),
            ("NOR", "fu", Self.waiting),
            // What does not fit is no invalid credential: nobody satisfies NAND or NOR by a mistake.
            ("NAND", "tm", Self.broken), ("NAND", "fm", Self.broken), ("NOR", "m", Self.broken),
            ("AVG", "tt", .accepted), ("AVG", "tf", revoked), ("AVG", "tu", Self.waiting),
            ("WAVG", "tt", .accepted), ("WAVG", "tf", revoked), ("WAVG", "tu", Self.waiting),
        ]
        for (name, truths, expected) in table {
            var group: OrderedMap = ["o": .text(name)]
            for (place, truth) in truths.enumerated() { group["x\(place)"] = members[truth] }
            #expect(try outcome(.map(group)) == expected, "\(name) of \(truths)")
            #expect(try outcome(["inner": .map(group)]) == expected, "\(name) of \(truths), nested")
        }
        #expect(try outcome([["a": edge(good)], ["b": edge(bad)]]) == revoked)
        #expect(try outcome([["a": edge(good)], ["b": edge(good)]]) == .accepted)
        let mixed: OrderedValue = [
            "sure": edge(good), "any": ["o": "OR", "x": edge(bad), "y": edge(good)],
            "none": ["o": "NOR", "z": edge(bad)],
        ]
        #expect(try outcome(mixed) == .accepted)
    }
}
