// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import SPIREAPI

extension DomainCondition {
    /// - Throws: `invalidArgument` for a comparison that this version does not know.
    init(_ wire: Spire_Api_Types_FederatesWithMatch) throws(IssuerError) {
        let match: SetMatch =
            switch wire.match {
            case .matchExact: .exact
            case .matchSubset: .subset
            case .matchSuperset: .superset
            case .matchAny: .any
            case .UNRECOGNIZED(let number):
                throw IssuerError(.invalidArgument, "federates with match behavior \(number) is not supported")
            }
        self.init(wire.trustDomains, match)
    }
}
