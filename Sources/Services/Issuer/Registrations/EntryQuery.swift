// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// How a set that an entry or agent has is compared with the set of a filter.
public enum SetMatch: Hashable, Sendable {
    /// Both have the same elements.
    case exact
    /// All elements it has are in the filter.
    case subset
    /// It has all elements of the filter.
    case superset
    /// It has at least one element of the filter.
    case any

    func holds<Element>(_ own: Set<Element>, _ wanted: Set<Element>) -> Bool {
        switch self {
        case .exact: own == wanted
        case .subset: own.isSubset(of: wanted)
        case .superset: own.isSuperset(of: wanted)
        case .any: !own.isDisjoint(with: wanted)
        }
    }
}

/// Which entries a list or a count is about: those that pass every condition that is set. Facts (SPIFFE) 11.3.
public struct EntryFilter: Hashable, Sendable {
    /// Entries of this identity.
    public var spiffeID: IDDraft?
    /// Entries under this parent.
    public var parentID: IDDraft?
    /// Entries whose selectors compare so with these.
    public var selectors: SelectorCondition?
    /// Entries whose foreign trust domains compare so with these.
    public var federatesWith: DomainCondition?
    /// Entries with this hint.
    public var hint: String?
    /// Entries with, or without, the rights of a downstream server.
    public var isDownstream: Bool?

    /// Every entry.
    public init() {}
}

/// How the selectors of an entry or an agent must compare with others.
public struct SelectorCondition: Hashable, Sendable {
    /// The others, unchecked.
    public var selectors: [EntryDraft.SelectorDraft]
    /// How they compare.
    public var match: SetMatch

    /// Joins the parts.
    public init(_ selectors: [EntryDraft.SelectorDraft], _ match: SetMatch) {
        self.selectors = selectors
        self.match = match
    }
}

/// How the foreign trust domains of an entry must compare with others.
public struct DomainCondition: Hashable, Sendable {
    /// The others by name or ID, unchecked.
    public var names: [String]
    /// How they compare.
    public var match: SetMatch

    /// Joins the parts.
    public init(_ names: [String], _ match: SetMatch) {
        self.names = names
        self.match = match
    }
}

/// One page of a list.
public struct Page<Element: Sendable>: Sendable {
    /// What the page holds.
    public let elements: [Element]
    /// Names the next page; empty when this is the last one.
    public let nextToken: String

    init(_ elements: [Element], nextToken: String = "") {
        self.elements = elements
        self.nextToken = nextToken
    }
}

extension Page: Equatable where Element: Equatable {}

/// A filter whose values were checked.
struct EntryConditions {
    let spiffeID: SPIFFEID?
    let parentID: SPIFFEID?
    let selectors: (set: Set<Selector>, match: SetMatch)?
    let federatesWith: (set: Set<TrustDomain>, match: SetMatch)?
    let hint: String?
    let isDownstream: Bool?

    init(_ filter: EntryFilter, _ rules: IdentifierRules) throws(IssuerError) {
        func id(_ draft: IDDraft?, _ name: String) throws(IssuerError) -> SPIFFEID? {
            guard let draft else { return nil }
            do throws(IssuerError) {
                return try rules.member(draft)
            } catch {
                throw IssuerError(.invalidArgument, "malformed \(name) filter: \(error.message)")
            }
        }
        spiffeID = try id(filter.spiffeID, "SPIFFE ID")
        parentID = try id(filter.parentID, "parent ID")
        if let condition = filter.selectors {
            selectors = (try Self.selectors(condition.selectors), condition.match)
        } else {
            selectors = nil
        }
        if let condition = filter.federatesWith {
            guard !condition.names.isEmpty else {
                throw IssuerError(.invalidArgument, "malformed federates with filter: empty trust domain set")
            }
            var domains: Set<TrustDomain> = []
            for name in condition.names {
                do {
                    domains.insert(try TrustDomain(nameOrID: name))
                } catch {
                    throw IssuerError(.invalidArgument, "malformed federates with filter: \"\(name)\": \(error)")
                }
            }
            federatesWith = (domains, condition.match)
        } else {
            federatesWith = nil
        }
        hint = filter.hint
        isDownstream = filter.isDownstream
    }

    /// The selectors of a filter, for entries and agents alike.
    static func selectors(_ drafts: [EntryDraft.SelectorDraft]) throws(IssuerError) -> Set<Selector> {
        guard !drafts.isEmpty else {
            throw IssuerError(.invalidArgument, "malformed selectors filter: empty selector set")
        }
        var selectors: Set<Selector> = []
        for draft in drafts {
            do {
                selectors.insert(try Selector(type: draft.type, value: draft.value))
            } catch {
                throw IssuerError(.invalidArgument, "malformed selectors filter: \(error.rawValue)")
            }
        }
        return selectors
    }

    func hold(for entry: RegistrationEntry) -> Bool {
        if let spiffeID, entry.spiffeID != spiffeID { return false }
        if let parentID, entry.parentID != parentID { return false }
        if let hint, !entry.hint.utf8.elementsEqual(hint.utf8) { return false }
        if let isDownstream, entry.isDownstream != isDownstream { return false }
        if let selectors, !selectors.match.holds(entry.selectors, selectors.set) { return false }
        if let federatesWith, !federatesWith.match.holds(entry.federatesWith, federatesWith.set) { return false }
        return true
    }
}
