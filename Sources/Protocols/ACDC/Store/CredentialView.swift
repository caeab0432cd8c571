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
