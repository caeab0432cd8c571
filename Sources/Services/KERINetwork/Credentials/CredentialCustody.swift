// SPDX-License-Identifier: Apache-2.0

public import ACDC
public import KERI

/// What an exchange needs of the place where registries and credentials are kept: to take in what was handed over, to
/// know what it is worth, and to gather what proves a credential to somebody else.
public protocol CredentialCustody: Sendable {
    /// Takes in a stream of key events, registry events and credentials by the ordinary processors, and wakes what waits
    /// for them.
    /// - Throws: what the store fails with. What is wrong with a message is in the report.
    func take(_ stream: [UInt8], now: Timestamp) throws -> IntakeReport

    /// Decides again about what waits for logs that have grown.
    /// - Throws: what the store fails with.
    func wake(after logs: Set<AID>, now: Timestamp) throws

    /// What a credential is worth now.
    /// - Throws: what the store fails with.
    func standing(of credential: SAID) throws -> CredentialStanding

    /// To whom a credential that was accepted here is issued, as far as all copies that came have shown; nil for any
    /// other.
    /// - Throws: what the store fails with.
    func target(of credential: SAID) throws -> CredentialTarget?

    /// What proves a credential that was accepted here; nil for any other.
    /// - Throws: what the store fails with.
    func proof(of credential: SAID) throws -> CredentialProof?
}

/// What taking in a stream came to.
public struct IntakeReport: Hashable, Sendable {
    /// How many messages there were.
    public var messages = 0
    /// How many of them brought something.
    public var accepted = 0
    /// How many wait for something.
    public var waiting = 0
    /// Why messages were refused: stable codes.
    public var refusals: [String] = []

    /// Nothing came.
    public init() {}
}

/// What a credential is worth now.
public enum CredentialStanding: Hashable, Sendable {
    /// Nothing is known of it.
    case unknown
    /// It was accepted, and nothing speaks against it now.
    case held
    /// It was accepted and is revoked, or builds upon one that is.
    case revoked(String)
    /// It is kept and waits; for what, and in words.
    case waits(CredentialEscrowReason, String)
    /// It was accepted, but does not hold now for another reason.
    case unsound(String)
}

/// What proves a credential to somebody who knows nothing yet.
public struct CredentialProof: Hashable, Sendable {
    /// The credential with the seal of its issuance.
    public let credential: [UInt8]
    /// The registry event that issues it, with the seal of the event that anchors it.
    public let issuance: [UInt8]
    /// The event of the issuer that anchors it, with its signatures and receipts.
    public let anchor: [UInt8]
    /// Logs, registries and credentials that it rests on, one message each, in the order in which a verifier needs them:
    /// delegators, issuer, registry, issuance; for every credential that it builds upon the same and the credential.
    public let artefacts: [[UInt8]]

    /// Joins the parts.
    public init(credential: [UInt8], issuance: [UInt8], anchor: [UInt8], artefacts: [[UInt8]]) {
        self.credential = credential
        self.issuance = issuance
        self.anchor = anchor
        self.artefacts = artefacts
    }
}
