// SPDX-License-Identifier: Apache-2.0

public import SPIFFE
internal import X509

/// One rule of our authority certificate that a certificate breaks. Stricter than SPIFFE's own rules.
/// `03-binding.md`, section 1, rule 1.
public enum AuthorityCertificateFault: String, Hashable, Sendable, CaseIterable {
    /// Not signed by its own key under its own name.
    case notSelfSigned = "authority-not-self-signed"
    /// Not called a certificate authority by critical basic constraints with a path length.
    case basicConstraints = "authority-basic-constraints"
    /// A path length other than 0 and 1.
    case pathLength = "authority-path-length"
    /// Key usage is not critical, or not exactly keyCertSign with or without cRLSign.
    case keyUsage = "authority-key-usage"
    /// The names are not exactly one URI with the ID of the trust domain.
    case names = "authority-names"
    /// The key is not P-256.
    case key = "authority-key-kind"
    /// The subject key identifier is missing or not the key's.
    case keyID = "authority-key-id"
    /// A critical extension that no rule reads.
    case criticalExtension = "authority-critical-extension"

    /// Every rule that `certificate` breaks; `trustDomain` nil accepts any trust domain.
    public static func check(
        _ certificate: X509Certificate, trustDomain: TrustDomain?
    ) -> [AuthorityCertificateFault] {
        var faults: [AuthorityCertificateFault] = []
        if !certificate.isSelfIssued || !certificate.hasSignature(by: certificate) { faults.append(.notSelfSigned) }
        let extensions = certificate.certificate.extensions
        if !certificate.isAuthority || extensions[oid: .X509ExtensionID.basicConstraints]?.critical != true {
            faults.append(.basicConstraints)
        } else if certificate.pathLength.map({ (0...1).contains($0) }) != true {
            faults.append(.pathLength)
        }
        let allowed: Set<KeyUsage> = [KeyUsage(keyCertSign: true), KeyUsage(keyCertSign: true, cRLSign: true)]
        if certificate.keyUsage.map(allowed.contains) != true
            || extensions[oid: .X509ExtensionID.keyUsage]?.critical != true
        {
            faults.append(.keyUsage)
        }
        let id = certificate.uris.count == 1 ? try? SPIFFEID(certificate.uris[0]) : nil
        if let id, id.isTrustDomainID, trustDomain == nil || id.trustDomain == trustDomain,
            certificate.otherNames.isEmpty
        {
            // The only name is the trust domain.
        } else {
            faults.append(.names)
        }
        if certificate.keyKind != .p256 { faults.append(.key) }
        let keyID = Array(SubjectKeyIdentifier(hash: certificate.certificate.publicKey).keyIdentifier)
        if certificate.subjectKeyIdentifier != keyID { faults.append(.keyID) }
        if !certificate.unreadCriticalExtensions.isEmpty { faults.append(.criticalExtension) }
        return faults
    }
}
