// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1
internal import X509

/// The rules for the certificate of a workload. X509-SVID standard, sections 2 to 4.
enum LeafProfile {
    /// The ID of the leaf, and every rule that the certificate breaks on its own.
    static func check(_ leaf: X509Certificate) -> (id: SPIFFEID?, faults: [X509SVIDFault]) {
        var faults: [X509SVIDFault] = []
        let name = leaf.uris.first ?? "leaf"
        func fault(_ code: X509SVIDFault.Code, _ detail: String = "") {
            faults.append(X509SVIDFault(code, name, detail: detail))
        }

        var id: SPIFFEID?
        if leaf.uris.count == 1 {
            do {
                let parsed = try SPIFFEID(leaf.uris[0])
                if parsed.isTrustDomainID { fault(.rootPath) } else { id = parsed }
            } catch {
                fault(.invalidID, error.description)
            }
        } else {
            fault(.uriCount, "\(leaf.uris.count) URIs")
        }

        if leaf.isAuthority { fault(.leafIsAuthority) }
        if let usage = leaf.keyUsage {
            if !usage.digitalSignature { fault(.digitalSignatureMissing) }
            if usage.keyCertSign || usage.cRLSign { fault(.leafMaySign) }
            if leaf.certificate.extensions[oid: .X509ExtensionID.keyUsage]?.critical != true {
                fault(.keyUsageNotCritical)
            }
        } else {
            fault(.keyUsageMissing)
        }
        if let usages = leaf.extendedKeyUsages, !usages.contains(.serverAuth) || !usages.contains(.clientAuth) {
            fault(.extendedKeyUsage)
        }
        if leaf.certificate.subject.isEmpty,
            leaf.certificate.extensions[oid: .X509ExtensionID.subjectAlternativeName]?.critical != true
        {
            fault(.subjectAndNames)
        }
        if !leaf.unreadCriticalExtensions.isEmpty {
            fault(.unknownCriticalExtension, leaf.unreadCriticalExtensions.map(\.description).joined(separator: " "))
        }
        return (id, faults)
    }
}
