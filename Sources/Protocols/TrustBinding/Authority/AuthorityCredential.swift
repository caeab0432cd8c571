// SPDX-License-Identifier: Apache-2.0

public import ACDC
public import KERI
public import KelmarkBytes
public import SPIFFE

/// An organisation says: this AID may issue SVIDs in this trust domain, within these limits. `03-binding.md`, section 2.
///
/// A credential (ACDC) of the schema ``AuthoritySchema``, issued and revoked in a registry of the organisation. This
/// value is about form only; whether it is issued, and not revoked, is judged with the organisation's log.
public struct AuthorityCredential: Hashable, Sendable {
    /// Digest of the credential; a statement's `cred`.
    public let said: SAID
    /// The organisation.
    public let organisation: AID
    /// The registry of the organisation in which it is issued and revoked.
    public let registry: SAID
    /// The issuer that it is issued to.
    public let issuer: AID
    /// The trust domain (`trustDomain`).
    public let trustDomain: TrustDomain
    /// What the issuer may do.
    public let limits: AuthorityLimits

    /// Reads the attributes of a credential.
    /// - Throws: ``AuthorityCredentialError``.
    public init(reading credential: Credential) throws(AuthorityCredentialError) {
        guard credential.schema.text == AuthoritySchema.said else { throw AuthorityCredentialError(.schema, "s") }
        guard let registry = credential.registry else { throw AuthorityCredentialError(.members, "ri") }
        guard credential.edges == nil, credential.rules == nil, credential.aggregate == nil, credential.nonce == nil,
            !credential.isMetadata
        else { throw AuthorityCredentialError(.sections) }
        guard case .block(_, let range)? = credential.attributes else {
            throw AuthorityCredentialError(credential.attributes == nil ? .members : .undisclosed, "a")
        }
        let bytes = credential.bytes.span.extracting(range)
        guard let map = (try? OrderedValue(parsing: bytes, format: credential.format))?.mapValue else {
            throw AuthorityCredentialError(.members, "a")
        }
        guard let issuee = credential.issuee else { throw AuthorityCredentialError(.untargeted, "i") }
        let known = Set(AuthoritySchema.attributes)
        if let stranger = map.labels.first(where: { !known.contains($0) }) {
            throw AuthorityCredentialError(.members, stranger)
        }
        for label in AuthoritySchema.attributes where label != "bindings" && map[label] == nil {
            throw AuthorityCredentialError(.members, label)
        }
        guard let domain = map["trustDomain"]?.textValue.flatMap({ try? TrustDomain($0) }) else {
            throw AuthorityCredentialError(.value, "trustDomain")
        }
        limits = try AuthorityLimits(attributes: map)
        said = credential.said
        organisation = credential.issuer
        self.registry = registry
        issuer = issuee
        trustDomain = domain
    }

    /// The members of the attributes behind `d`, `i` and `dt`, for whoever issues one.
    public static func attributes(trustDomain: TrustDomain, limits: AuthorityLimits) -> OrderedMap {
        var map: OrderedMap = ["trustDomain": .text(trustDomain.name)]
        for member in limits.members.members { map[member.label] = member.value }
        return map
    }
}
