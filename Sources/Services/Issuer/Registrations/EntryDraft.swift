// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// A SPIFFE ID as a caller sent it, in two parts and unchecked.
public struct IDDraft: Hashable, Sendable, CustomStringConvertible {
    /// The trust domain: a bare name, or `spiffe://` and a name.
    public var trustDomain: String
    /// The path with its leading slash.
    public var path: String

    /// Joins the parts.
    public init(trustDomain: String, path: String) {
        self.trustDomain = trustDomain
        self.path = path
    }

    /// The parts of an ID.
    public init(_ id: SPIFFEID) { self.init(trustDomain: id.trustDomain.name, path: id.path) }

    /// The parts as one text, for messages.
    public var description: String {
        trustDomain.hasPrefix("spiffe://") ? trustDomain + path : "spiffe://\(trustDomain)\(path)"
    }
}

/// A registration entry as a caller sent it, unchecked. ``EntryRules`` makes an entry of it. Facts (SPIFFE) 11.1.
public struct EntryDraft: Hashable, Sendable {
    /// A selector, unchecked.
    public struct SelectorDraft: Hashable, Sendable {
        /// Its type.
        public var type: String
        /// Its value.
        public var value: String

        /// Joins the parts.
        public init(type: String, value: String) {
            self.type = type
            self.value = value
        }
    }

    /// Empty to have one made.
    public var id = ""
    /// Whom matching workloads are.
    public var spiffeID: IDDraft?
    /// Under whom they run.
    public var parentID: IDDraft?
    /// What must be found of a workload.
    public var selectors: [SelectorDraft] = []
    /// Seconds; 0 for the issuer's default.
    public var x509SVIDTTL: Int32 = 0
    /// Seconds; 0 for the issuer's default.
    public var jwtSVIDTTL: Int32 = 0
    /// Trust domains by name or ID.
    public var federatesWith: [String] = []
    /// Rights of an administrator.
    public var isAdmin = false
    /// Rights of a downstream server.
    public var isDownstream = false
    /// Seconds since 1970; 0 for never.
    public var expiresAt: Int64 = 0
    /// In order.
    public var dnsNames: [String] = []
    /// Whether agents push the SVID to a secret store.
    public var storesSVID = false
    /// Which identity is for what.
    public var hint = ""
    /// Whether agents sign only when asked.
    public var isSignedOnDemand = false
    /// Whether each JWT-SVID has an identifier of its own.
    public var includesTokenID = false

    /// A draft with nothing in it.
    public init() {}

    /// A draft that says what an entry says.
    public init(_ entry: RegistrationEntry) {
        id = entry.id
        spiffeID = IDDraft(entry.spiffeID)
        parentID = IDDraft(entry.parentID)
        selectors = entry.selectors.sorted().map { SelectorDraft(type: $0.type, value: $0.value) }
        x509SVIDTTL = entry.x509SVIDTTL
        jwtSVIDTTL = entry.jwtSVIDTTL
        federatesWith = entry.federatesWith.sorted().map(\.name)
        isAdmin = entry.isAdmin
        isDownstream = entry.isDownstream
        expiresAt = entry.expiresAt
        dnsNames = entry.dnsNames
        storesSVID = entry.storesSVID
        hint = entry.hint
        isSignedOnDemand = entry.isSignedOnDemand
        includesTokenID = entry.includesTokenID
    }
}

/// Members of an entry: which of them an update changes, which of them an answer shows. The ID is always there.
public struct EntryMask: OptionSet, Hashable, Sendable {
    /// One bit for each.
    public let rawValue: UInt32
    /// The set of these bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Whom workloads are.
    public static let spiffeID = EntryMask(rawValue: 1 << 0)
    /// Under whom they run.
    public static let parentID = EntryMask(rawValue: 1 << 1)
    /// What must be found of them.
    public static let selectors = EntryMask(rawValue: 1 << 2)
    /// The life of X.509-SVIDs.
    public static let x509SVIDTTL = EntryMask(rawValue: 1 << 3)
    /// The life of JWT-SVIDs.
    public static let jwtSVIDTTL = EntryMask(rawValue: 1 << 4)
    /// The foreign trust domains.
    public static let federatesWith = EntryMask(rawValue: 1 << 5)
    /// The rights of an administrator.
    public static let isAdmin = EntryMask(rawValue: 1 << 6)
    /// The rights of a downstream server.
    public static let isDownstream = EntryMask(rawValue: 1 << 7)
    /// The end of the entry.
    public static let expiresAt = EntryMask(rawValue: 1 << 8)
    /// The DNS names.
    public static let dnsNames = EntryMask(rawValue: 1 << 9)
    /// How often it was changed.
    public static let revision = EntryMask(rawValue: 1 << 10)
    /// Whether SVIDs go to a secret store.
    public static let storesSVID = EntryMask(rawValue: 1 << 11)
    /// The hint.
    public static let hint = EntryMask(rawValue: 1 << 12)
    /// When it was made.
    public static let createdAt = EntryMask(rawValue: 1 << 13)
    /// Signing on demand, and identifiers of tokens.
    public static let additionalAttributes = EntryMask(rawValue: 1 << 14)
    /// Every member.
    public static let all = EntryMask(rawValue: (1 << 15) - 1)
}

extension EntryDraft {
    /// This draft with the members of `mask` taken from another.
    func taking(_ mask: EntryMask, from other: EntryDraft) -> EntryDraft {
        var draft = self
        func take<Value>(_ member: EntryMask, _ path: WritableKeyPath<EntryDraft, Value>) {
            if mask.contains(member) { draft[keyPath: path] = other[keyPath: path] }
        }
        take(.spiffeID, \.spiffeID)
        take(.parentID, \.parentID)
        take(.selectors, \.selectors)
        take(.x509SVIDTTL, \.x509SVIDTTL)
        take(.jwtSVIDTTL, \.jwtSVIDTTL)
        take(.federatesWith, \.federatesWith)
        take(.isAdmin, \.isAdmin)
        take(.isDownstream, \.isDownstream)
        take(.expiresAt, \.expiresAt)
        take(.dnsNames, \.dnsNames)
        take(.storesSVID, \.storesSVID)
        take(.hint, \.hint)
        take(.additionalAttributes, \.isSignedOnDemand)
        take(.additionalAttributes, \.includesTokenID)
        return draft
    }
}
