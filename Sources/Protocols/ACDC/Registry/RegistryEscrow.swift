// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI

/// What an escrowed registry event waits for.
public struct RegistryEscrow: Sendable, Hashable {
    /// The kind of escrow.
    public let reason: CredentialEscrowReason
    /// Whose event it is; a registry stands for its unknown owner.
    public let issuer: AID
    /// What is missing, in words.
    public let missing: String
    /// What makes another decision worth it; nothing when only a copy with more signatures can help.
    public let waitsFor: Set<CredentialArrival>
    /// Whether the issuer's log seals the event.
    public let isVerified: Bool
    /// Signatures worth keeping: verified ones, or all when nobody knows the backers yet.
    public let backerSignatures: [IndexedSignature]

    static func unknownRegistry(_ registry: SAID, _ signatures: [IndexedSignature]) -> RegistryEscrow {
        RegistryEscrow(
            reason: .outOfOrder, issuer: AID(unchecked: registry.primitive), missing: "registry \(registry)",
            waitsFor: [.registry(registry)], isVerified: false, backerSignatures: signatures)
    }
}
