// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import SPIFFE
internal import SPIREAPI

extension Spire_Api_Types_Selector {
    init(_ selector: SPIFFE.Selector) {
        self.init()
        type = selector.type
        value = selector.value
    }
}

extension EntryDraft.SelectorDraft {
    init(_ wire: Spire_Api_Types_Selector) { self.init(type: wire.type, value: wire.value) }
}

extension SelectorCondition {
    /// - Throws: `invalidArgument` for a comparison that this version does not know.
    init(_ wire: Spire_Api_Types_SelectorMatch) throws(IssuerError) {
        let match: SetMatch =
            switch wire.match {
            case .matchExact: .exact
            case .matchSubset: .subset
            case .matchSuperset: .superset
            case .matchAny: .any
            case .UNRECOGNIZED(let number):
                throw IssuerError(.invalidArgument, "selector match behavior \(number) is not supported")
            }
        self.init(wire.selectors.map { EntryDraft.SelectorDraft($0) }, match)
    }
}

extension Set<SPIFFE.Selector> {
    /// Reads selectors, of which equal ones are one.
    /// - Throws: ``SelectorError`` for the first that is none.
    init(_ messages: [Spire_Api_Types_Selector]) throws(SelectorError) {
        self.init()
        for message in messages { insert(try SPIFFE.Selector(type: message.type, value: message.value)) }
    }
}
