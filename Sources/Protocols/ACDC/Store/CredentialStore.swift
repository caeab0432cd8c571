// SPDX-License-Identifier: Apache-2.0

public import KERI

/// Where registries, credentials and schemas are kept, beside the key event logs that vouch for them. Also called Reger
/// in KERIpy.
///
/// One decision is one write transaction. The key event logs are only read here.
public protocol CredentialStore: Sendable {
    /// What a transaction can see and do.
    associatedtype Transaction: CredentialTransaction

    /// Runs `body` on a consistent view.
    /// - Throws: what `body` throws, and ``StoreError``.
    func read<R: Sendable>(credentials body: (inout Transaction) throws -> R) throws -> R

    /// Runs `body` and makes its writes durable at once, or undoes all of them when it throws.
    /// - Throws: what `body` throws, and ``StoreError``.
    func write<R: Sendable>(credentials body: (inout Transaction) throws -> R) throws -> R
}

/// What a decision about a credential looks at. Every method may throw ``StoreError``.
public protocol CredentialView {
    /// The key event logs.
    associatedtype KeyEvents: KeyEventTransaction
    /// The key event logs, to read.
    var keyEvents: KeyEvents { get }
    /// A registry after its latest accepted event.
    func registry(_ said: SAID) throws -> RegistryState?
    /// What its registry says of a credential.
    func status(of credential: SAID) throws -> CredentialStatus?
    /// A credential that was accepted.
    func credential(_ said: SAID) throws -> Credential?
    /// A schema.
    func schema(_ said: SAID) throws -> CredentialSchema?
}

/// What can be read and written in one transaction.
public protocol CredentialTransaction: CredentialView {
}
