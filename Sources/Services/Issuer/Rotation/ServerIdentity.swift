// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// The server's own X.509-SVID, `/spire/server`, with its key. Facts (SPIFFE) 13.2.
public struct ServerIdentity: Sendable {
    /// Chain and key.
    public let svid: X509SVID
    /// The authority of the bundle at which it ends.
    let rootID: String

    /// Whether a new one is due: at half life, when it is not valid, when its authority is tainted or gone.
    func isDue(at now: CertificateTime, in state: IssuerState) -> Bool {
        let (notBefore, notAfter) = (svid.leaf.notBefore, svid.leaf.notAfter)
        let half = notBefore.advanced(by: (notAfter.seconds - notBefore.seconds) / 2)
        if now >= half || now < notBefore { return true }
        let authority = state.bundle.x509Authorities.first { DomainBundle.authorityID(of: $0.certificate) == rootID }
        return authority?.isTainted ?? true
    }

    /// Whether it is good but for its authority, which is out of the bundle: nobody trusts it who has heard of that, and
    /// nothing else is trusted by who has not.
    func isOrphaned(at now: CertificateTime, in state: IssuerState) -> Bool {
        svid.leaf.isValid(at: now)
            && !state.bundle.x509Authorities.contains { DomainBundle.authorityID(of: $0.certificate) == rootID }
    }
}
