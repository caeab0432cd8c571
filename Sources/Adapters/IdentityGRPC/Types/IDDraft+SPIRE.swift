// SPDX-License-Identifier: Apache-2.0

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
