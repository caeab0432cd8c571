// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1
internal import X509

/// The rules for a certificate that signs others. X509-SVID standard, sections 3 and 4; RFC 5280, 4.2.1.
enum AuthorityProfile {
    /// Every rule that the certificate breaks on its own. A URI is optional; if there is one, it is a trust domain ID
    /// (perhaps of another trust domain: only the leaf's ID chooses the bundle).
    static func check(_ authority: X509Certificate) -> [X509SVIDFault] {
        var faults: [X509SVIDFault] = []
        let name = authority.certificate.subject.description
        let basicConstraints = authority.certificate.extensions[oid: .X509ExtensionID.basicConstraints]
        if !authority.isAuthority || basicConstraints?.critical != true {
            faults.append(X509SVIDFault(.issuerNotAuthority, name))
        }
        if authority.keyUsage?.keyCertSign != true { faults.append(X509SVIDFault(.issuerMayNotSign, name)) }
        switch authority.uris.count {
        case 0: break
        case 1:
            if let id = try? SPIFFEID(authority.uris[0]), id.isTrustDomainID { break }
            faults.append(X509SVIDFault(.issuerID, name, detail: "URI is no trust domain ID"))
        default: faults.append(X509SVIDFault(.issuerID, name, detail: "\(authority.uris.count) URIs"))
        }
        if !authority.unreadCriticalExtensions.isEmpty {
            faults.append(
                X509SVIDFault(
                    .unknownCriticalExtension, name,
                    detail: authority.unreadCriticalExtensions.map(\.description).joined(separator: " ")))
        }
        return faults
    }
}
