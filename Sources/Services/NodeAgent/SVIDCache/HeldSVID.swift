// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// A workload's SVID in the cache, with what decides about its end. A reference: most places of a large cache are empty,
/// and the parts of a certificate are many.
final class HeldSVID: Sendable {
    let svid: WorkloadSVID
    /// The authority under which the chain was verified.
    let authority: X509Certificate
    /// First moment of validity.
    let notBefore: CertificateTime
    /// Last moment of validity of the whole path.
    let notAfter: CertificateTime
    /// From when on it is to be replaced.
    let rotatesAt: CertificateTime

    /// Judges what the issuer answered.
    /// - Throws: ``IssuedSVIDFault`` when the chain is not valid under the bundle, names somebody else, or has another
    ///   key than was asked for.
    init(
        chain: [[UInt8]], for entry: RegistrationEntry, key: SVIDKey, under bundle: X509Bundle,
        at time: CertificateTime, spread: Double
    ) throws(IssuedSVIDFault) {
        let outcome = X509SVIDOutcome.verifying(chain: chain, against: bundle, at: time)
        guard let verified = outcome.svid else { throw .chain(outcome.faults) }
        guard verified.id == entry.spiffeID else { throw .otherID(verified.id) }
        guard verified.leaf.subjectPublicKeyInfo == key.subjectPublicKeyInfo else { throw .otherKey }
        svid = WorkloadSVID(
            entryID: entry.id, id: verified.id, chain: chain.compactMap { try? X509Certificate(der: $0) }, key: key,
            hint: entry.hint)
        authority = verified.authority
        notBefore = verified.leaf.notBefore
        notAfter = verified.notAfter
        let lifetime = verified.leaf.notAfter.seconds - verified.leaf.notBefore.seconds
        rotatesAt = verified.leaf.notBefore.advanced(by: Int64(Double(lifetime) * 0.5 * spread))
    }
}

/// What is wrong with a chain that the issuer gave.
enum IssuedSVIDFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// It breaks rules.
    case chain([X509SVIDFault])
    /// It names another workload.
    case otherID(SPIFFEID)
    /// It is for another key.
    case otherKey

    var description: String {
        switch self {
        case .chain(let faults): faults.map(\.description).joined(separator: "; ")
        case .otherID(let id): "the certificate is for \(id)"
        case .otherKey: "the certificate is for another key"
        }
    }
}
