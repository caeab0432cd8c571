// SPDX-License-Identifier: Apache-2.0

/// What became of an event that was offered (facts 22). Being escrowed is a normal step, not an error.
public enum EventOutcome: Sendable, Hashable {
    /// Added to the log at this position of the order of acceptance.
    case accepted(ordinal: UInt64)
    /// The log holds it already; `added` tells how many signatures or receipts were new.
    case duplicate(added: Int)
    /// A reply, query or exchange message whose signatures hold and whose rules are kept; its handler may act on it.
    case verified
    /// Kept until what is missing arrives.
    case escrowed(EscrowReason)
    /// Dropped; nothing was kept.
    case rejected(Rejection)

    /// Whether the event stands in the log now.
    public var isInLog: Bool {
        switch self {
        case .accepted, .duplicate: true
        case .verified, .escrowed, .rejected: false
        }
    }
}

/// What an escrowed message waits for. The raw values are stable codes.
public enum EscrowReason: String, Sendable, Hashable, CaseIterable {
    /// An earlier event of the same log.
    case outOfOrder = "out-of-order"
    /// More signatures of the controller's keys.
    case partialSignatures = "partial-signatures"
    /// The delegator's seal.
    case partialDelegation = "partial-delegation"
    /// More witness receipts.
    case partialWitnesses = "partial-witnesses"
    /// Nothing that would make it valid: another event stands at its place.
    case likelyDuplicitous = "likely-duplicitous"
    /// The event that a witness receipt speaks of.
    case unverifiedWitnessReceipt = "unverified-witness-receipt"
    /// The event that a receipt of a non-transferable AID speaks of.
    case unverifiedReceipt = "unverified-receipt"
    /// The event, or the signer's log, of a receipt by a transferable AID.
    case unverifiedTransferableReceipt = "unverified-transferable-receipt"
    /// The state that a query asks for.
    case queryNotFound = "query-not-found"
    /// The log of a reply's signer, or more of its signatures.
    case partialReply = "partial-reply"
    /// The log of an exchange message's sender, or more of its signatures.
    case partialExchange = "partial-exchange"
    /// A decision of the operator: a stranger sent an event of one of our own AIDs.
    case misfit = "misfit"
    /// A decision of the operator: one of our AIDs is asked to approve a delegate's event.
    case delegable = "delegable"

    /// How long a message waits before it is dropped, in seconds; nil for ever (facts 8.2).
    public var lifetime: Int64? {
        switch self {
        case .outOfOrder: 1200
        case .queryNotFound: 300
        case .misfit, .delegable: nil
        default: 3600
        }
    }
}

/// Why a message was dropped. The raw values are stable codes, documented in `docs/reference/errors.md`.
public enum Rejection: String, Error, Sendable, Hashable, CaseIterable {
    /// A first event that is no inception can't start a log; an inception whose sequence number is not 0.
    case inceptionNotAtZero = "inception-not-at-zero"
    /// The AID can't have later events: it is not transferable or has been abandoned.
    case notTransferable = "not-transferable"
    /// `p` is not the digest of the event before.
    case priorMismatch = "prior-mismatch"
    /// Only establishment events are allowed by the inception.
    case establishmentOnly = "establishment-only"
    /// A plain rotation of a delegated AID.
    case rotationOfDelegated = "rotation-of-delegated"
    /// A delegated rotation of an AID that nobody delegated.
    case delegatedRotationOfUndelegated = "delegated-rotation-of-undelegated"
    /// Fewer keys than the signing threshold speaks of.
    case tooFewKeys = "too-few-keys"
    /// Fewer next digests than the next threshold speaks of.
    case tooFewNextDigests = "too-few-next-digests"
    /// No keys at all.
    case noKeys = "no-keys"
    /// A basic prefix whose only key is not the prefix itself.
    case prefixNotKey = "prefix-not-key"
    /// A witness is named twice.
    case duplicateWitness = "duplicate-witness"
    /// A cut names an AID that is no witness.
    case cutNotWitness = "cut-not-witness"
    /// An added witness is cut in the same event or is a witness already.
    case addNotNew = "add-not-new"
    /// The witness threshold does not fit the witness list.
    case badWitnessThreshold = "bad-witness-threshold"
    /// No attached signature verifies.
    case noValidSignature = "no-valid-signature"
    /// The delegator's inception forbids delegation.
    case delegatorRefuses = "delegator-refuses"
    /// The seal source couple names an event that does not seal this one.
    case sealNotFound = "seal-not-found"
    /// A delegated rotation that would supersede another without a superseding approval.
    case supersedingNotApproved = "superseding-not-approved"
    /// A receipt names another event than the one in the log.
    case staleReceipt = "stale-receipt"
    /// A receipt without a signature that verifies.
    case noValidReceipt = "no-valid-receipt"
    /// A reply that is not newer than the one kept.
    case staleReply = "stale-reply"
    /// A reply, query or exchange message signed by another AID than the one it must come from.
    case wrongSigner = "wrong-signer"
    /// A route that nobody handles.
    case unknownRoute = "unknown-route"
    /// Members of a reply, query or exchange message that break the rules of its route.
    case badPayload = "bad-payload"
    /// A reply dated too far in the future.
    case futureDated = "future-dated"
    /// The establishment event that a signer names is not the one in its log.
    case signerEventMismatch = "signer-event-mismatch"
    /// The escrow is full.
    case escrowFull = "escrow-full"
}
