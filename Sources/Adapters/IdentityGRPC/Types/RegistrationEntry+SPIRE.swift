// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE
internal import SPIREAPI

extension RegistrationEntry {
    /// Reads an entry as an issuer sends it.
    /// - Throws: ``MessageFault``.
    init(_ message: Spire_Api_Types_Entry) throws(MessageFault) {
        guard !message.id.isEmpty else { throw MessageFault("id", "is empty") }
        let selectors: Set<SPIFFE.Selector>
        do {
            selectors = try Set(message.selectors)
        } catch {
            throw MessageFault("selectors", error)
        }
        self.init(
            id: message.id, spiffeID: try Self.id(message.spiffeID, "spiffe_id"),
            parentID: try Self.id(message.parentID, "parent_id"), selectors: selectors)
        for name in message.federatesWith {
            do {
                federatesWith.insert(try TrustDomain(nameOrID: name))
            } catch {
                throw MessageFault("federates_with", error)
            }
        }
        x509SVIDTTL = message.x509SvidTtl
        jwtSVIDTTL = message.jwtSvidTtl
        isAdmin = message.admin
        isDownstream = message.downstream
        expiresAt = message.expiresAt
        dnsNames = message.dnsNames
        revision = message.revisionNumber
        storesSVID = message.storeSvid
        hint = message.hint
        createdAt = message.createdAt
        isSignedOnDemand = message.additionalAttributes.disableX509SvidPrefetch
        includesTokenID = message.additionalAttributes.jwtSvidIncludeJti
    }

    private static func id(
        _ message: Spire_Api_Types_SPIFFEID, _ member: String
    ) throws(MessageFault) -> SPIFFE.SPIFFEID {
        do {
            return try SPIFFE.SPIFFEID(message)
        } catch {
            throw MessageFault(member, error)
        }
    }
}

extension Spire_Api_Types_EntryMask {
    /// Every member.
    static let all: Spire_Api_Types_EntryMask = {
        var mask = Spire_Api_Types_EntryMask()
        mask.spiffeID = true
        mask.parentID = true
        mask.selectors = true
        mask.x509SvidTtl = true
        mask.federatesWith = true
        mask.admin = true
        mask.downstream = true
        mask.expiresAt = true
        mask.dnsNames = true
        mask.revisionNumber = true
        mask.storeSvid = true
        mask.jwtSvidTtl = true
        mask.hint = true
        mask.createdAt = true
        mask.additionalAttributes = true
        return mask
    }()
}

extension Spire_Api_Types_Entry {
    /// An entry with the members of a mask; without a mask, with all.
    init(_ entry: RegistrationEntry, mask: Spire_Api_Types_EntryMask? = nil) {
        let mask = mask ?? .all
        self.init()
        id = entry.id
        if mask.spiffeID { spiffeID = Spire_Api_Types_SPIFFEID(entry.spiffeID) }
        if mask.parentID { parentID = Spire_Api_Types_SPIFFEID(entry.parentID) }
        if mask.selectors {
            selectors = entry.selectors.sorted().map { Spire_Api_Types_Selector($0) }
        }
        if mask.x509SvidTtl { x509SvidTtl = entry.x509SVIDTTL }
        if mask.federatesWith { federatesWith = entry.federatesWith.sorted().map(\.name) }
        if mask.admin { admin = entry.isAdmin }
        if mask.downstream { downstream = entry.isDownstream }
        if mask.expiresAt { expiresAt = entry.expiresAt }
        if mask.dnsNames { dnsNames = entry.dnsNames }
        if mask.revisionNumber { revisionNumber = entry.revision }
        if mask.storeSvid { storeSvid = entry.storesSVID }
        if mask.jwtSvidTtl { jwtSvidTtl = entry.jwtSVIDTTL }
        if mask.hint { hint = entry.hint }
        if mask.createdAt { createdAt = entry.createdAt }
        if mask.additionalAttributes, entry.isSignedOnDemand || entry.includesTokenID {
            additionalAttributes.disableX509SvidPrefetch = entry.isSignedOnDemand
            additionalAttributes.jwtSvidIncludeJti = entry.includesTokenID
        }
    }
}
