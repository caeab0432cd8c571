// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import SPIFFE
internal import SPIREAPI

extension RelationshipMask {
    init(_ wire: Spire_Api_Types_FederationRelationshipMask) {
        let members: [(Bool, RelationshipMask)] = [
            (wire.bundleEndpointURL, .endpointURL), (wire.bundleEndpointProfile, .profile),
            (wire.trustDomainBundle, .bundle),
        ]
        self = members.reduce(into: []) { if $1.0 { $0.insert($1.1) } }
    }
}

extension RelationshipDraft {
    init(_ wire: Spire_Api_Types_FederationRelationship) {
        let profile: Profile? =
            switch wire.bundleEndpointProfile {
            case .httpsWeb: .httpsWeb
            case .httpsSpiffe(let profile): .httpsSPIFFE(profile.endpointSpiffeID)
            case nil: nil
            }
        self.init(
            trustDomain: wire.trustDomain, endpointURL: wire.bundleEndpointURL, profile: profile,
            bundle: wire.hasTrustDomainBundle ? BundleDraft(wire.trustDomainBundle) : nil)
    }

    /// What the audit says of a relationship that a caller sent.
    var auditFields: [AuditField: String] {
        var fields: [AuditField: String] = [.trustDomain: trustDomain, .endpointURL: endpointURL]
        switch profile {
        case .httpsWeb: fields[.endpointProfile] = "https_web"
        case .httpsSPIFFE: fields[.endpointProfile] = "https_spiffe"
        case nil: break
        }
        return fields
    }
}

extension Spire_Api_Types_FederationRelationship {
    /// A relationship with the members of a mask; the trust domain is always there.
    init(_ relationship: FederationRelationship, bundle: TrustBundle?, _ mask: RelationshipMask) {
        self.init()
        trustDomain = relationship.trustDomain.name
        if mask.contains(.endpointURL) { bundleEndpointURL = relationship.endpointURL }
        if mask.contains(.profile) {
            switch relationship.profile {
            case .httpsWeb: httpsWeb = Spire_Api_Types_HTTPSWebProfile()
            case .httpsSPIFFE(let id): httpsSpiffe.endpointSpiffeID = id.description
            }
        }
        if mask.contains(.bundle), let bundle { trustDomainBundle = Spire_Api_Types_Bundle(bundle) }
    }
}
