// SPDX-License-Identifier: Apache-2.0

public import Transparency

/// An issuance and the proof that its leaf stands in the log.
public struct ProvenIssuance: Hashable, Sendable {
    /// The issuance with its leaf.
    public let issuance: StoredIssuance
    /// The way from the leaf to the root.
    public let proof: InclusionProof
    /// The root to which it leads.
    public let root: TreeHash

    /// Joins the parts.
    public init(issuance: StoredIssuance, proof: InclusionProof, root: TreeHash) {
        self.issuance = issuance
        self.proof = proof
        self.root = root
    }
}

/// That the log only grew: its present tree begins with an earlier one.
public struct ProvenGrowth: Hashable, Sendable {
    /// The proof between both sizes.
    public let proof: ConsistencyProof
    /// The root of the earlier tree.
    public let oldRoot: TreeHash
    /// The root of the present one.
    public let newRoot: TreeHash

    /// Joins the parts.
    public init(proof: ConsistencyProof, oldRoot: TreeHash, newRoot: TreeHash) {
        self.proof = proof
        self.oldRoot = oldRoot
        self.newRoot = newRoot
    }

    /// Proves it out of a tree of `size` leaves whose root is known.
    /// - Returns: nil unless 0 < `oldSize` ≤ `root.size`.
    /// - Throws: `TreeError`, whatever the tree throws.
    package init?(from oldSize: UInt64, to root: TreeRoot, in tree: some TreeReader) throws {
        guard oldSize > 0, oldSize <= root.size else { return nil }
        self.init(
            proof: try ConsistencyProof(from: oldSize, to: root.size, in: tree),
            oldRoot: try TreeFrontier(size: oldSize, from: tree).root, newRoot: root.hash)
    }
}
