// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import SPIFFE
internal import SPIREAPI
internal import SwiftProtobuf

extension EntryMask {
    init(_ wire: Spire_Api_Types_EntryMask) {
        let members: [(Bool, EntryMask)] = [
            (wire.spiffeID, .spiffeID), (wire.parentID, .parentID), (wire.selectors, .selectors),
            (wire.x509SvidTtl, .x509SVIDTTL), (wire.federatesWith, .federatesWith), (wire.admin, .isAdmin),
            (wire.downstream, .isDownstream), (wire.expiresAt, .expiresAt), (wire.dnsNames, .dnsNames),
            (wire.revisionNumber, .revision), (wire.storeSvid, .storesSVID), (wire.jwtSvidTtl, .jwtSVIDTTL),
            (wire.hint, .hint), (wire.createdAt, .createdAt), (wire.additionalAttributes, .additionalAttributes),
        ]
        self = members.reduce(into: []) { if $1.0 { $0.insert($1.1) } }
    }
}

extension EntryDraft {
    init(_ wire: Spire_Api_Types_Entry) {
        self.init()
        id = wire.id
        spiffeID = wire.hasSpiffeID ? IDDraft(wire.spiffeID) : nil
        parentID = wire.hasParentID ? IDDraft(wire.parentID) : nil
        selectors = wire.selectors.map { SelectorDraft($0) }
        x509SVIDTTL = wire.x509SvidTtl
        jwtSVIDTTL = wire.jwtSvidTtl
        federatesWith = wire.federatesWith
        isAdmin = wire.admin
        isDownstream = wire.downstream
        expiresAt = wire.expiresAt
        dnsNames = wire.dnsNames
        storesSVID = wire.storeSvid
        hint = wire.hint
        isSignedOnDemand = wire.additionalAttributes.disableX509SvidPrefetch
        includesTokenID = wire.additionalAttributes.jwtSvidIncludeJti
    }
}

/// The filter of a list and that of a count: two messages with the same members.
protocol WireEntryFilter {
    var hasBySpiffeID: Bool { get }
    var bySpiffeID: Spire_Api_Types_SPIFFEID { get }
    var hasByParentID: Bool { get }
    var byParentID: Spire_Api_Types_SPIFFEID { get }
    var hasBySelectors: Bool { get }
    var bySelectors: Spire_Api_Types_SelectorMatch { get }
    var hasByFederatesWith: Bool { get }
    var byFederatesWith: Spire_Api_Types_FederatesWithMatch { get }
    var hasByHint: Bool { get }
    var byHint: Google_Protobuf_StringValue { get }
    var hasByDownstream: Bool { get }
    var byDownstream: Google_Protobuf_BoolValue { get }
}

extension Spire_Api_Server_Entry_V1_ListEntriesRequest.Filter: WireEntryFilter {}
extension Spire_Api_Server_Entry_V1_CountEntriesRequest.Filter: WireEntryFilter {}

extension EntryFilter {
    /// - Throws: `invalidArgument` for a comparison that this version does not know.
    init(_ wire: some WireEntryFilter) throws(IssuerError) {
        self.init()
        if wire.hasBySpiffeID { spiffeID = IDDraft(wire.bySpiffeID) }
        if wire.hasByParentID { parentID = IDDraft(wire.byParentID) }
        if wire.hasBySelectors { selectors = try SelectorCondition(wire.bySelectors) }
        if wire.hasByFederatesWith { federatesWith = try DomainCondition(wire.byFederatesWith) }
        if wire.hasByHint { hint = wire.byHint.value }
        if wire.hasByDownstream { isDownstream = wire.byDownstream.value }
    }
}

extension EntrySync.Request {
    init(_ wire: Spire_Api_Server_Entry_V1_SyncAuthorizedEntriesRequest) {
        self.init(mask: wire.hasOutputMask ? EntryMask(wire.outputMask) : nil, ids: wire.ids)
    }
}

extension Spire_Api_Server_Entry_V1_SyncAuthorizedEntriesResponse {
    init(_ reply: EntrySync.Reply, _ mask: Spire_Api_Types_EntryMask?) {
        self.init()
        switch reply {
        case .revisions(let revisions, let more):
            entryRevisions = revisions.map { revision in
                var wire = Spire_Api_Server_Entry_V1_EntryRevision()
                wire.id = revision.id
                wire.revisionNumber = revision.number
                wire.createdAt = revision.createdAt
                return wire
            }
            self.more = more
        case .entries(let entries, let more):
            self.entries = entries.map { Spire_Api_Types_Entry($0, mask: mask) }
            self.more = more
        }
    }
}

extension EntryDraft {
    /// What the audit says of an entry that a caller sent.
    var auditFields: [AuditField: String] {
        var fields: [AuditField: String] = [:]
        if !id.isEmpty { fields[.entryID] = id }
        if let spiffeID { fields[.spiffeID] = spiffeID.description }
        if let parentID { fields[.parentID] = parentID.description }
        if !selectors.isEmpty { fields[.selectors] = selectors.map { "\($0.type):\($0.value)" }.joined(separator: ",") }
        if !federatesWith.isEmpty { fields[.federatesWith] = federatesWith.joined(separator: ",") }
        if isAdmin { fields[.admin] = "true" }
        if isDownstream { fields[.downstream] = "true" }
        return fields
    }
}
