// SPDX-License-Identifier: Apache-2.0

internal import SPIREAPI
internal import SwiftProtobuf

/// How a list that is asked for relates to the list that a thing has. Facts (SPIFFE) 11.3.
package enum MatchBehaviour: String, Hashable, Sendable, CaseIterable {
    /// The same elements.
    case exact
    /// Nothing but elements that are asked for.
    case subset
    /// Everything that is asked for, and maybe more.
    case superset
    /// At least one that is asked for.
    case any

    var forSelectors: Spire_Api_Types_SelectorMatch.MatchBehavior {
        switch self {
        case .exact: .matchExact
        case .subset: .matchSubset
        case .superset: .matchSuperset
        case .any: .matchAny
        }
    }

    var forTrustDomains: Spire_Api_Types_FederatesWithMatch.MatchBehavior {
        switch self {
        case .exact: .matchExact
        case .subset: .matchSubset
        case .superset: .matchSuperset
        case .any: .matchAny
        }
    }
}

/// Which entries are wanted; everything that is said must hold.
package struct EntryQuery: Hashable, Sendable {
    package var spiffeID: IDRecord?
    package var parentID: IDRecord?
    package var selectors: [SelectorRecord] = []
    package var selectorsMatch = MatchBehaviour.superset
    package var federatesWith: [String] = []
    package var federatesWithMatch = MatchBehaviour.superset
    package var hint: String?
    package var isDownstream: Bool?

    package init() {}

    var isEmpty: Bool { self == EntryQuery() }

    var selectorMatch: Spire_Api_Types_SelectorMatch? {
        selectors.isEmpty
            ? nil
            : .with {
                $0.selectors = selectors.map(\.message)
                $0.match = selectorsMatch.forSelectors
            }
    }

    var trustDomainMatch: Spire_Api_Types_FederatesWithMatch? {
        federatesWith.isEmpty
            ? nil
            : .with {
                $0.trustDomains = federatesWith
                $0.match = federatesWithMatch.forTrustDomains
            }
    }
}

/// Which nodes are wanted; everything that is said must hold.
package struct NodeQuery: Hashable, Sendable {
    package var attestationType = ""
    package var selectors: [SelectorRecord] = []
    package var selectorsMatch = MatchBehaviour.superset
    package var isBanned: Bool?
    package var canReattest: Bool?
    /// `2006-01-02 15:04:05 -0700 -07`, as the API wants it; empty for no limit.
    package var expiresBefore = ""

    package init() {}

    var isEmpty: Bool { self == NodeQuery() }

    var selectorMatch: Spire_Api_Types_SelectorMatch? {
        selectors.isEmpty
            ? nil
            : .with {
                $0.selectors = selectors.map(\.message)
                $0.match = selectorsMatch.forSelectors
            }
    }
}
