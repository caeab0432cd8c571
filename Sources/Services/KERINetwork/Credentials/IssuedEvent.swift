// SPDX-License-Identifier: Apache-2.0

public import ACDC

/// A registry event of ours and how far it has come.
public struct IssuedEvent: Sendable, Hashable {
    /// The event.
    public let event: PendingRegistryEvent
    /// The event of the owner's log that seals it, when it was made now.
    public let sealing: AuthoredEvent?
    /// How far it has come.
    public let stage: Stage

    /// How far a registry event of ours has come.
    public enum Stage: Sendable, Hashable {
        /// Nothing was written: it was only decided what would be.
        case planned
        /// It stands in the registry, and its credential is accepted.
        case accepted
        /// The owner's log does not seal it yet: the sealing event waits, or was never made.
        case waitsForSeal
        /// It waits for something else, such as receipts of backers.
        case waits(CredentialEscrowReason)
        /// It is refused; it stays where it is for the operator to look at.
        case refused(CredentialRejection)
    }
}
