// SPDX-License-Identifier: Apache-2.0

/// Where a message came from. What a stranger sends may never advance the log of one of our own AIDs (facts 7.7).
public enum MessageOrigin: Sendable, Hashable {
    /// Made by this process.
    case local
    /// Read from a peer or a file.
    case remote
}

/// What a processor is allowed to do with what it is given.
public struct ProcessingPolicy: Sendable {
    /// AIDs whose keys are held here. A remote event of one of them that would move its log is escrowed as a misfit.
    public var ownAIDs: Set<AID>
    /// AIDs of witnesses whose keys are held here. An event that names one of them as its witness is accepted without
    /// receipts: somebody has to be the first (facts 7.4, 7.7). Everything else about it is checked as ever.
    public var witnessing: Set<AID>
    /// The controllers whose events are accepted so; nil for all. With the events of others this process is no witness.
    public var witnessedControllers: Set<AID>?
    /// Whether to keep the ordinals' times that a replay states (`-E`), as when a store is restored from its own export.
    public var trustsReplayTimes: Bool
    /// How far in the future a reply may be dated, in seconds; keripy has no bound, so one reply could block an AID's
    /// endpoints for ever (facts 9.3).
    public var futureTolerance: Int64
    /// Bounds of the escrows.
    public var escrowLimits: EscrowLimits

    /// Creates a policy; the defaults fit a verifier that owns nothing.
    public init(
        ownAIDs: Set<AID> = [], witnessing: Set<AID> = [], witnessedControllers: Set<AID>? = nil,
        trustsReplayTimes: Bool = false, futureTolerance: Int64 = 300,
        escrowLimits: EscrowLimits = EscrowLimits()
    ) {
        self.ownAIDs = ownAIDs
        self.witnessing = witnessing
        self.witnessedControllers = witnessedControllers
        self.trustsReplayTimes = trustsReplayTimes
        self.futureTolerance = futureTolerance
        self.escrowLimits = escrowLimits
    }

    /// The witnesses that may accept events of `aid` without receipts.
    func witnesses(of aid: AID) -> Set<AID> {
        witnessedControllers?.contains(aid) ?? true ? witnessing : []
    }
}
