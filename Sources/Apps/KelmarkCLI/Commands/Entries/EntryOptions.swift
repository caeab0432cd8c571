// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC

/// What can be said of an entry.
struct EntryOptions: ParsableArguments {
    @Option(
        name: .also("spiffe-id", as: "spiffeID"), help: ArgumentHelp("Whom matching workloads are.", valueName: "id"),
        transform: Typed.id)
    var spiffeID: IDRecord?
    @Option(
        name: .also("parent-id", as: "parentID"),
        help: ArgumentHelp("The node, or the workload, under which they run.", valueName: "id"), transform: Typed.id)
    var parentID: IDRecord?
    @Option(
        name: .also("selector", as: "selector"),
        help: ArgumentHelp("What must have been found of them; may be repeated.", valueName: "type:value"),
        transform: Typed.selector)
    var selectors: [SelectorRecord] = []
    @Option(
        name: .also("x509-ttl", as: "x509SVIDTTL"),
        help: ArgumentHelp("How long their X.509-SVIDs live.", valueName: "time"), transform: Typed.lifetime)
    var x509TTL: Int32?
    @Option(
        name: .also("jwt-ttl", as: "jwtSVIDTTL"),
        help: ArgumentHelp("How long their JWT-SVIDs live.", valueName: "time"), transform: Typed.lifetime)
    var jwtTTL: Int32?
    @Option(
        name: .also("federates-with", as: "federatesWith"),
        help: ArgumentHelp("A trust domain whose bundle they get; may be repeated.", valueName: "domain"),
        transform: Typed.federated)
    var federatesWith: [String] = []
    @Flag(
        name: .also("admin", as: "admin"), inversion: .prefixedNo, help: "Whether they may administer the issuer.")
    var admin: Bool?
    @Flag(
        name: .also("downstream", as: "downstream"), inversion: .prefixedNo,
        help: "Whether they may ask for an intermediate authority.")
    var downstream: Bool?
    @Option(
        name: .also("dns", as: "dns"),
        help: ArgumentHelp("A DNS name of their certificates; may be repeated.", valueName: "name"))
    var dnsNames: [String] = []
    @Option(
        name: .also("expires-at", as: "entryExpiry"),
        help: ArgumentHelp("From when on the entry counts no more.", valueName: "moment"), transform: Typed.moment)
    var expiresAt: Int64?
    @Flag(
        name: .also("store-svid", as: "storeSVID"), inversion: .prefixedNo,
        help: "Whether agents push the SVID to a secret store, as SPIRE's can; ours don't.")
    var storesSVID: Bool?
    @Option(
        name: .also("hint", as: "hint"),
        help: ArgumentHelp("Tells a workload what the identity is for.", valueName: "text"))
    var hint: String?
    @Flag(
        name: .also("disable-x509-svid-prefetch", as: "disableX509SVIDPrefetch"), inversion: .prefixedNo,
        help: "Whether agents sign only when a workload asks.")
    var disablesPrefetch: Bool?
    @Flag(
        name: .also("jwt-svid-include-jti", as: "jwtSVIDIncludeJTI"), inversion: .prefixedNo,
        help: "Whether each JWT-SVID has an identifier of its own.")
    var includesTokenID: Bool?

    /// The fields of which something was said.
    var given: Set<EntryField> {
        var fields: Set<EntryField> = []
        if spiffeID != nil { fields.insert(.spiffeID) }
        if parentID != nil { fields.insert(.parentID) }
        if !selectors.isEmpty { fields.insert(.selectors) }
        if x509TTL != nil { fields.insert(.x509SVIDTTL) }
        if jwtTTL != nil { fields.insert(.jwtSVIDTTL) }
        if !federatesWith.isEmpty { fields.insert(.federatesWith) }
        if admin != nil { fields.insert(.admin) }
        if downstream != nil { fields.insert(.downstream) }
        if !dnsNames.isEmpty { fields.insert(.dnsNames) }
        if expiresAt != nil { fields.insert(.expiresAt) }
        if storesSVID != nil { fields.insert(.storesSVID) }
        if hint != nil { fields.insert(.hint) }
        if disablesPrefetch != nil || includesTokenID != nil { fields.insert(.attributes) }
        return fields
    }

    /// Writes what was said into an entry.
    func apply(to entry: inout EntryRecord) {
        if let spiffeID { entry.spiffeID = spiffeID }
        if let parentID { entry.parentID = parentID }
        if !selectors.isEmpty { entry.selectors = selectors }
        if let x509TTL { entry.x509SVIDTTL = x509TTL }
        if let jwtTTL { entry.jwtSVIDTTL = jwtTTL }
        if !federatesWith.isEmpty { entry.federatesWith = federatesWith }
        if let admin { entry.isAdmin = admin }
        if let downstream { entry.isDownstream = downstream }
        if !dnsNames.isEmpty { entry.dnsNames = dnsNames }
        if let expiresAt { entry.expiresAt = expiresAt }
        if let storesSVID { entry.storesSVID = storesSVID }
        if let hint { entry.hint = hint }
        if given.contains(.attributes) {
            var attributes = entry.attributes ?? EntryRecord.Attributes()
            if let disablesPrefetch { attributes.disablesPrefetch = disablesPrefetch }
            if let includesTokenID { attributes.includesTokenID = includesTokenID }
            entry.attributes = attributes
        }
    }

    /// The entry that was described whole.
    /// - Parameters:
    ///   - isNode: whether it is a name for nodes, whose parent is the issuer itself.
    /// - Throws: ``CommandFailure`` for what an entry can't do without.
    func entry(id: String?, isNode: Bool = false) throws -> EntryRecord {
        guard !selectors.isEmpty else { throw Typed.usage("at least one selector is required") }
        guard let spiffeID else { throw Typed.usage("a SPIFFE ID is required") }
        guard !isNode || parentID == nil else { throw Typed.usage("an entry for nodes has no other parent") }
        let server = isNode ? IDRecord(trustDomain: spiffeID.trustDomain, path: "/spire/server") : nil
        guard let parentID = parentID ?? server else {
            throw Typed.usage("a parent ID is required if the entry is not for nodes (--node)")
        }
        var entry = EntryRecord(id: id ?? "", spiffeID: spiffeID, parentID: parentID, selectors: selectors)
        apply(to: &entry)
        return entry
    }
}

/// Which entries are wanted.
struct EntryFilterOptions: ParsableArguments {
    @Option(
        name: .also("spiffe-id", as: "spiffeID"), help: ArgumentHelp("Those of one ID.", valueName: "id"),
        transform: Typed.id)
    var spiffeID: IDRecord?
    @Option(
        name: .also("parent-id", as: "parentID"), help: ArgumentHelp("Those under one parent.", valueName: "id"),
        transform: Typed.id)
    var parentID: IDRecord?
    @Option(
        name: .also("selector", as: "selector"),
        help: ArgumentHelp("Those with a selector; may be repeated.", valueName: "type:value"),
        transform: Typed.selector)
    var selectors: [SelectorRecord] = []
    @Option(
        name: .also("match-selectors-on", as: "matchSelectorsOn"),
        help: ArgumentHelp("exact, subset, superset or any.", valueName: "way"))
    var matchSelectorsOn = MatchBehaviour.superset
    @Option(
        name: .also("federates-with", as: "federatesWith"),
        help: ArgumentHelp("Those that federate with a trust domain; may be repeated.", valueName: "domain"),
        transform: Typed.trustDomain)
    var federatesWith: [String] = []
    @Option(
        name: .also("match-federates-with-on", as: "matchFederatesWithOn"),
        help: ArgumentHelp("exact, subset, superset or any.", valueName: "way"))
    var matchFederatesWithOn = MatchBehaviour.superset
    @Option(name: .also("hint", as: "hint"), help: ArgumentHelp("Those with a hint.", valueName: "text"))
    var hint: String?
    @Flag(
        name: .also("downstream", as: "downstream"), inversion: .prefixedNo,
        help: "Those that may, or may not, ask for an intermediate authority.")
    var downstream: Bool?

    var filter: EntryQuery {
        var filter = EntryQuery()
        filter.spiffeID = spiffeID
        filter.parentID = parentID
        filter.selectors = selectors
        filter.selectorsMatch = matchSelectorsOn
        filter.federatesWith = federatesWith
        filter.federatesWithMatch = matchFederatesWithOn
        filter.hint = hint
        filter.isDownstream = downstream
        return filter
    }
}
