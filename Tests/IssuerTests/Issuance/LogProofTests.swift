// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing
import Transparency

@testable import Issuer

@Suite struct LogProofTests {
    private static func proofs() throws -> (tree: MemoryTree, inclusion: LogProof, growth: LogProof) {
        var tree = MemoryTree()
        for number in 0..<11 { try tree.append(leaf(number)) }
        let root = tree.frontier.treeRoot
        let inclusion = LogProof.inclusion(
            leaf: leaf(6), proof: try InclusionProof(ofLeaf: 6, size: 11, from: tree), root: root.hash)
        let growth = try ProvenGrowth(from: 5, to: root, in: tree)
        return (tree, inclusion, .growth(try #require(growth)))
    }

    private static func leaf(_ number: Int) -> [UInt8] { Array("{\"serial\":\"\(number)\",\"dns\":\"é\"}".utf8) }

    private static func bytes(_ members: OrderedMap) throws -> [UInt8] { try members.encoded(as: .json) }

    @Test func proofsAreReadBack() throws {
        let (tree, inclusion, growth) = try Self.proofs()
        for proof in [inclusion, growth] {
            #expect(proof.isValid)
            #expect(LogProof(parsing: try Self.bytes(proof.members)) == proof)
            #expect(LogProof(parsing: try Self.bytes(proof.members) + Array("\n".utf8)) == proof)
        }
        #expect(inclusion.knownRoot == tree.frontier.treeRoot)
        #expect(growth.knownRoot.size == 5)
    }

    /// Whatever member is changed, the proof does not hold any more, or can't be read.
    @Test(arguments: ["leaf", "index", "root", "hashes", "oldSize", "oldRoot"])
    func aChangedProofDoesNotHold(_ member: String) throws {
        let (_, inclusion, growth) = try Self.proofs()
        for proof in [inclusion, growth] {
            var members = proof.members
            guard let value = members[member] else { continue }
            switch value {
            case .integer(let text): members[member] = OrderedValue((Int(text) ?? 0) - 1)
            case .text(let text):
                let place = try #require(text.firstIndex { "0123456789abcdef".contains($0) })
                members[member] = .text(
                    text.replacingCharacters(in: place...place, with: text[place] == "0" ? "1" : "0"))
            case .list(let list): members[member] = .list(Array(list.dropLast()))
            default: Issue.record("a member of another kind")
            }
            #expect(members != proof.members)
            #expect(LogProof(parsing: try Self.bytes(members))?.isValid != true)
        }
    }

    /// The hashes alone do not say how many leaves there are: trees of two sizes can have the same way to a leaf. So the root
    /// that whoever checks knows is one with its size.
    @Test func theSizeIsAPartOfTheKnownRoot() throws {
        let (_, inclusion, _) = try Self.proofs()
        var members = inclusion.members
        members["size"] = 10
        #expect(try #require(LogProof(parsing: Self.bytes(members))).knownRoot != inclusion.knownRoot)
    }

    @Test func otherFilesAreNoProofs() throws {
        let (_, inclusion, growth) = try Self.proofs()
        var more = inclusion.members
        more["more"] = 1
        var type = growth.members
        type["type"] = "other"
        var negative = inclusion.members
        negative["size"] = -1
        var short = inclusion.members
        short["root"] = "00"
        var capital = inclusion.members
        capital["root"] = .text(String(repeating: "A", count: 64))
        var long = inclusion.members
        long["hashes"] = .list([OrderedValue](repeating: .text(String(repeating: "0", count: 64)), count: 64))
        var hash = inclusion.members
        hash["hashes"] = .list(["00"])
        for members in [more, type, negative, short, capital, long, hash, [:]] {
            #expect(LogProof(parsing: try Self.bytes(members)) == nil)
        }
        let spaces = [UInt8](repeating: UInt8(ascii: " "), count: LogProof.longest)
        #expect(LogProof(parsing: spaces + (try Self.bytes(inclusion.members))) == nil)
        #expect(LogProof(parsing: []) == nil)
    }
}
