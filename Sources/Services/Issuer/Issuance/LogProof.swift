// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes
public import Transparency

/// A proof about the issuance log as a file that is checked anywhere: one JSON object.
///
/// It leads to a root. Who vouches for the root is another question: checkpoints are not signed yet.
public enum LogProof: Hashable, Sendable {
    /// That a leaf stands at a place of the tree with this root.
    case inclusion(leaf: [UInt8], proof: InclusionProof, root: TreeHash)
    /// That a tree begins with an earlier one.
    case growth(ProvenGrowth)

    /// Most bytes of a file.
    public static let longest = 64 << 10
    private static let inclusionType = "kelmark-log-inclusion"
    private static let growthType = "kelmark-log-growth"

    /// The proof of one issuance.
    public init(_ proven: ProvenIssuance) {
        self = .inclusion(leaf: proven.issuance.leaf, proof: proven.proof, root: proven.root)
    }

    /// Whether the hashes lead to the roots.
    public var isValid: Bool {
        switch self {
        case .inclusion(let leaf, let proof, let root): proof.isValid(leaf: .leaf(leaf), root: root)
        case .growth(let growth): growth.proof.isValid(oldRoot: growth.oldRoot, newRoot: growth.newRoot)
        }
    }

    /// The root that whoever checks has to know from elsewhere: that of the tree with the leaf, or of the earlier tree.
    public var knownRoot: TreeRoot {
        switch self {
        case .inclusion(_, let proof, let root): TreeRoot(size: proof.size, hash: root)
        case .growth(let growth): TreeRoot(size: growth.proof.oldSize, hash: growth.oldRoot)
        }
    }

    /// The members of the file.
    public var members: OrderedMap {
        func hashes(_ hashes: [TreeHash]) -> OrderedValue { .list(hashes.map { .text($0.hexadecimal) }) }
        switch self {
        case .inclusion(let leaf, let proof, let root):
            return [
                "type": .text(Self.inclusionType), "leaf": .text(String(decoding: leaf, as: UTF8.self)),
                "index": OrderedValue(proof.index), "size": OrderedValue(proof.size), "root": .text(root.hexadecimal),
                "hashes": hashes(proof.hashes),
            ]
        case .growth(let growth):
            return [
                "type": .text(Self.growthType), "oldSize": OrderedValue(growth.proof.oldSize),
                "oldRoot": .text(growth.oldRoot.hexadecimal), "size": OrderedValue(growth.proof.newSize),
                "root": .text(growth.newRoot.hexadecimal), "hashes": hashes(growth.proof.hashes),
            ]
        }
    }

    /// Reads a file; nil for anything that no proof is written as. Nothing is proven before ``isValid``.
    public init?(parsing bytes: [UInt8]) {
        guard bytes.count <= Self.longest,
            let map = (try? OrderedValue(parsingJSON: bytes.span, strictness: .interoperable))?.mapValue,
            map.count == 6,
            let size = map["size"]?.treeSize, let root = map["root"]?.treeHash,
            let list = map["hashes"]?.listValue, list.count <= ConsistencyProof.longest
        else { return nil }
        let hashes = list.compactMap(\.treeHash)
        guard hashes.count == list.count else { return nil }
        switch map["type"]?.textValue {
        case Self.inclusionType:
            guard let index = map["index"]?.treeSize, let leaf = map["leaf"]?.textValue else { return nil }
            self = .inclusion(
                leaf: Array(leaf.utf8), proof: InclusionProof(index: index, size: size, hashes: hashes), root: root)
        case Self.growthType:
            guard let oldSize = map["oldSize"]?.treeSize, let oldRoot = map["oldRoot"]?.treeHash else { return nil }
            self = .growth(
                ProvenGrowth(
                    proof: ConsistencyProof(oldSize: oldSize, newSize: size, hashes: hashes), oldRoot: oldRoot,
                    newRoot: root))
        default: return nil
        }
    }
}

extension TreeHash {
    /// 64 lower-case digits.
    package var hexadecimal: String { Hexadecimal.text(bytes) }

    /// Reads 64 lower-case digits; nil for anything else.
    package init?(hexadecimal text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Self.digit(digits[place]), let low = Self.digit(digits[place + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

extension OrderedValue {
    fileprivate var treeSize: UInt64? { integerValue.flatMap(UInt64.init(exactly:)) }
    fileprivate var treeHash: TreeHash? { textValue.flatMap(TreeHash.init(hexadecimal:)) }
}
