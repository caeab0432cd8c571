// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import GRPCCore
internal import Issuer
internal import SPIFFE
internal import SPIREAPI

extension IDDraft {
    init(_ wire: Spire_Api_Types_SPIFFEID) { self.init(trustDomain: wire.trustDomain, path: wire.path) }

    /// The ID of a workload: of any trust domain, with a path that belongs to no issuer or agent.
    /// - Throws: `invalidArgument`.
    func workload() throws(IssuerError) -> SPIFFEID {
        let id: SPIFFEID
        do {
            id = try SPIFFEID(trustDomain: TrustDomain(nameOrID: trustDomain), path: path)
        } catch {
            throw IssuerError(.invalidArgument, "invalid SPIFFE ID: \(error)")
        }
        guard !id.path.isEmpty else { throw IssuerError(.invalidArgument, "invalid SPIFFE ID: path is empty") }
        guard id.path != "/spire", !id.path.utf8.starts(with: "/spire/".utf8) else {
            throw IssuerError(
                .invalidArgument,
                "invalid SPIFFE ID: \"\(id)\" is not a workload in trust domain \"\(id.trustDomain)\"; path is in the "
                    + "reserved namespace")
        }
        return id
    }
}

extension Spire_Api_Types_Selector {
    init(_ selector: Selector) {
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

extension Spire_Api_Types_Status {
    /// What became of one item of a batch.
    init(_ refusal: IssuerError?) {
        self.init()
        code = Int32(refusal?.code.rpcCode.rawValue ?? 0)
        message = refusal?.wireMessage ?? "OK"
    }
}
