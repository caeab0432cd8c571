// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Who asks for an SVID, for the record.
public struct Requester: Hashable, Sendable {
    /// The caller's own ID; nil for one without.
    public let id: SPIFFEID?
    /// How the audit names the caller: its ID, or what is known of a local process.
    public let name: String
    /// Names the call in the log, where there is one.
    public let callID: String?

    /// A caller with an ID.
    public init(_ id: SPIFFEID, callID: String? = nil) {
        self.id = id
        name = id.description
        self.callID = callID
    }

    /// A caller without an ID, such as a local process.
    public init(name: String, callID: String? = nil) {
        id = nil
        self.name = name
        self.callID = callID
    }

    /// The issuer itself, where nobody asked.
    public static let issuer = Requester(name: "issuer")
}

/// What an agent asks for on behalf of a workload.
public struct X509SVIDRequest: Sendable {
    /// The entry, if it exists and is authorised to the caller; that has been looked up before.
    public let entry: RegistrationEntry?
    /// PKCS#10 in DER. Only its key is used.
    public let request: [UInt8]

    /// Joins the two.
    public init(entry: RegistrationEntry?, request: [UInt8]) {
        self.entry = entry
        self.request = request
    }
}

/// A certificate chain that was signed and recorded.
public struct IssuedX509SVID: Hashable, Sendable {
    /// Whom it names.
    public let id: SPIFFEID
    /// Leaf first; roots left out.
    public let chain: [X509Certificate]
    /// Index of its leaf in the issuance log.
    public let leafIndex: UInt64
    /// The authority of the bundle at which the chain ends.
    let rootID: String

    /// The certificate itself.
    public var leaf: X509Certificate { chain[0] }

    init?(_ draft: X509Draft, leafIndex: UInt64) {
        guard !draft.chain.isEmpty else { return nil }
        id = draft.id
        chain = draft.chain
        rootID = draft.rootID
        self.leafIndex = leafIndex
    }
}

/// A token that was signed and recorded. Its text is a secret of its bearer: never log it.
public struct IssuedJWTSVID: Hashable, Sendable, CustomReflectable {
    /// Whom it names.
    public let id: SPIFFEID
    /// The token.
    public let token: String
    /// When it was signed.
    public let issuedAt: CertificateTime
    /// When it ends.
    public let expiresAt: CertificateTime
    /// Index of its leaf in the issuance log.
    public let leafIndex: UInt64

    /// Shows everything but the token.
    public var customMirror: Mirror {
        Mirror(self, children: ["id": id, "expiresAt": expiresAt, "leafIndex": leafIndex], displayStyle: .struct)
    }
}

/// The certificate of an issuer below this one.
public struct IssuedAuthority: Hashable, Sendable {
    /// The new authority first, then those above it below the root.
    public let chain: [X509Certificate]
    /// The roots of the trust domain.
    public let roots: [X509Certificate]
    /// Index of its leaf in the issuance log.
    public let leafIndex: UInt64
}
