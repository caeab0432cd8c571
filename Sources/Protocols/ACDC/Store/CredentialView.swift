// SPDX-License-Identifier: Apache-2.0

public import KERI

/// What a decision about a registry event or a credential looks at. Every method may throw ``StoreError``.
public protocol CredentialView {
    /// The key event logs.
    associatedtype KeyEvents: KeyEventTransaction
    /// The key event logs, to read.
    var keyEvents: KeyEvents { get }
    /// A registry after its latest accepted event.
    func registry(_ said: SAID) throws -> RegistryState?
    /// What a registry says of a credential.
    func status(of credential: SAID, in registry: SAID) throws -> CredentialStatus?
    /// The event of a log of a registry at a position: of the registry itself when it is the subject, else of a
    /// credential.
    func event(of subject: SAID, in registry: SAID, at sn: SequenceNumber) throws -> RegistryEventRecord?
    /// A credential that was accepted.
    func credential(_ said: SAID) throws -> Credential?
    /// A schema.
    func schema(_ said: SAID) throws -> CredentialSchema?
}

extension CredentialView {
    /// Whether the issuer's log, as it stands now, seals an event. After a recovery it may do so at another place than
    /// when the event was accepted, or no more (facts 13.2).
    public func isSealed(_ seal: EventSeal, by issuer: AID) throws -> Bool {
        guard let state = try keyEvents.keyState(of: issuer) else { return false }
        return try keyEvents.trunkSealing(seal, by: state) != nil
    }

    /// Whether the issuer's log, as it stands now, seals the inception of a registry.
    public func isAnchored(_ state: RegistryState) throws -> Bool {
        try isSealed(
            EventSeal(aid: AID(unchecked: state.registry.primitive), sn: .zero, said: state.registry),
            by: state.issuer)
    }

    /// Whether the issuer's log, as it stands now, seals the registry of a credential and the issuance in it. An
    /// issuance that only a superseded branch seals counts as none; a revocation stays (``CredentialStatus/isRevoked``).
    public func isAnchored(_ status: CredentialStatus) throws -> Bool {
        guard let state = try registry(status.registry), try isAnchored(state) else { return false }
        return try isSealed(
            EventSeal(aid: AID(unchecked: status.credential.primitive), sn: .zero, said: status.issuance),
            by: state.issuer)
    }
}
