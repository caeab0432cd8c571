// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import SPIFFE
internal import SPIREAPI

extension IDDraft {
    init(_ wire: Spire_Api_Types_SPIFFEID) { self.init(trustDomain: wire.trustDomain, path: wire.path) }

    /// The ID of somebody within a trust domain. Whether it may be minted the issuer says.
    /// - Throws: `invalidArgument`.
    func member() throws(IssuerError) -> SPIFFEID {
        let id: SPIFFEID
        do {
            id = try SPIFFEID(trustDomain: TrustDomain(nameOrID: trustDomain), path: path)
        } catch {
            throw IssuerError(.invalidArgument, "invalid SPIFFE ID: \(error)")
        }
        guard !id.path.isEmpty else { throw IssuerError(.invalidArgument, "invalid SPIFFE ID: path is empty") }
        return id
    }
}
