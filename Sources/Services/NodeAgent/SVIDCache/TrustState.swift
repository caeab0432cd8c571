// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// Whom the workloads of this agent trust.
struct TrustState: Hashable, Sendable {
    /// The own trust domain's bundle as the issuer has it, less what was not admitted.
    private(set) var own: TrustBundle?
    /// The own bundle as it came last, with what was not admitted: to be decided about again while no newer one comes.
    var received: TrustBundle?
    /// The own authorities as workloads get them; never empty.
    private(set) var ownX509: X509Bundle?
    /// The other trust domains' bundles.
    private(set) var federated: [TrustDomain: TrustBundle] = [:]

    /// Takes the own bundle in.
    ///
    /// An older state than the present one, by its sequence number, is left out: a replica behind the others must not
    /// bring back what was revoked. A bundle without authorities says that the last one is revoked. Stock clients refuse
    /// an empty bundle and go on trusting the old one; so workloads get a certificate instead under which nothing can
    /// be valid. (Binding 5.)
    /// - Parameter tombstone: makes that certificate; asked only when it is needed and there is none yet.
    mutating func setOwn(
        _ bundle: TrustBundle, tombstone: (TrustDomain) throws -> X509Certificate
    ) rethrows {
        guard !isOlder(bundle) else { return }
        if !bundle.x509Authorities.isEmpty {
            ownX509 = bundle.x509Bundle
        } else if own?.x509Authorities.isEmpty != true {
            ownX509 = X509Bundle(trustDomain: bundle.trustDomain, authorities: [try tombstone(bundle.trustDomain)])
        }
        own = bundle
    }

    /// Whether a state of the own bundle comes before the present one.
    func isOlder(_ bundle: TrustBundle) -> Bool {
        if let old = own?.sequence, let new = bundle.sequence { new < old } else { false }
    }

    /// Takes another trust domain's bundle in, or forgets it.
    mutating func setFederated(_ bundle: TrustBundle?, of trustDomain: TrustDomain) {
        federated[trustDomain] = bundle
    }

    /// Forgets every other trust domain that is not among these.
    mutating func keepFederated(_ domains: Set<TrustDomain>) {
        federated = federated.filter { domains.contains($0.key) }
    }

    /// Whether an own authority is tainted or no longer in the bundle, so that its SVIDs are to be replaced at once.
    func condemns(_ authority: X509Certificate) -> Bool {
        guard let own else { return false }
        return own.x509Authorities.first { $0.certificate == authority }?.isTainted ?? true
    }

    /// The keys whose tokens may be handed out: known, and not tainted.
    var tokenKeyIDs: Set<String> { Set(own?.jwtAuthorities.filter { !$0.isTainted }.map(\.keyID) ?? []) }

    /// The X.509 bundles of some trust domains, by name; empty ones are left out, because clients refuse them.
    func federatedX509(_ domains: Set<TrustDomain>) -> [X509Bundle] {
        domains.sorted().compactMap { federated[$0]?.x509Bundle }.filter { !$0.authorities.isEmpty }
    }
}
