// SPDX-License-Identifier: Apache-2.0

public import KERI

/// Says that something has arrived, so that what waits for it is worth another decision; or where such a round was
/// broken off.
public struct CredentialWakeup: Sendable, Hashable {
    /// What has arrived.
    public let arrival: CredentialArrival
    /// Behind which entry the round goes on, in order of arrival; nil from the first.
    let after: UInt64?

    /// Something has arrived.
    public init(_ arrival: CredentialArrival) { self.init(arrival, after: nil) }

    init(_ arrival: CredentialArrival, after: UInt64?) {
        self.arrival = arrival
        self.after = after
    }
}

/// What became of a registry event or a credential that had been escrowed.
public struct ResumedCredentialMessage: Sendable, Hashable {
    /// Under what it was kept.
    public let key: CredentialEscrowKey
    /// What became of it; nil when it waited too long and was dropped.
    public let outcome: CredentialOutcome?
}

/// What one round of ``CredentialProcessor/resume(after:now:limit:)`` did.
public struct CredentialWakeupResult: Sendable, Hashable {
    /// Every message that left its escrow, with what became of it, in order.
    public let resumed: [ResumedCredentialMessage]
    /// What the limit left for another call; empty when nothing moves any more.
    public let remaining: [CredentialWakeup]
}

extension RegistryEvent {
    /// What its acceptance may wake.
    public var arrival: CredentialArrival {
        switch kind {
        case .registryInception, .registryRotation: .registry(subject)
        default: .status(subject)
        }
    }
}
