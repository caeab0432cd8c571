// SPDX-License-Identifier: Apache-2.0

internal import X509

/// Name constraints of a signing certificate, applied to one certificate below it. RFC 5280, 4.2.1.10.
///
/// Hosts of URIs and DNS names are judged. A constraint on any other kind of name refuses every certificate that has
/// a name of that kind: what can't be judged is not let through.
enum NameConstraintRules {
    /// What the constraints forbid in `certificate`, or nil.
    static func violation(_ constraints: NameConstraints, of certificate: X509Certificate) -> String? {
        for uri in certificate.uris {
            guard let host = host(of: uri) else {
                let judged = constraints.permittedSubtrees + constraints.excludedSubtrees
                let touched = judged.contains { if case .uniformResourceIdentifier = $0 { true } else { false } }
                if touched { return "URI without a host" }
                continue
            }
            if let found = violation(constraints, name: host, uriSubtree, matches: uriMatches) { return found }
        }
        for name in certificate.otherNames {
            switch name {
            case .dnsName(let dns):
                if let found = violation(constraints, name: dns.lowercased(), dnsSubtree, matches: dnsMatches) {
                    return found
                }
            default:
                if isConstrained(kindOf: name, constraints) { return "constraint on a kind of name that is not judged" }
            }
        }
        if !certificate.certificate.subject.isEmpty,
            isConstrained(kindOf: .directoryName(certificate.certificate.subject), constraints)
        {
            return "constraint on directory names is not judged"
        }
        return nil
    }

    private static func violation(
        _ constraints: NameConstraints, name: String, _ subtree: (GeneralName) -> String?,
        matches: (String, String) -> Bool
    ) -> String? {
        if constraints.excludedSubtrees.compactMap(subtree).contains(where: { matches(name, $0) }) {
            return "excluded name"
        }
        let permitted = constraints.permittedSubtrees.compactMap(subtree)
        if !permitted.isEmpty, !permitted.contains(where: { matches(name, $0) }) { return "name not permitted" }
        return nil
    }

    private static func uriSubtree(_ name: GeneralName) -> String? {
        if case .uniformResourceIdentifier(let host) = name { host.lowercased() } else { nil }
    }

    private static func dnsSubtree(_ name: GeneralName) -> String? {
        if case .dnsName(let host) = name { host.lowercased() } else { nil }
    }

    /// A subtree with a leading dot holds the hosts below it, any other one exactly itself.
    private static func uriMatches(_ host: String, _ subtree: String) -> Bool {
        subtree.hasPrefix(".") ? host.hasSuffix(subtree) && host != subtree : host == subtree
    }

    /// A subtree holds itself and every name that adds labels on its left.
    private static func dnsMatches(_ name: String, _ subtree: String) -> Bool {
        if subtree.isEmpty { return true }
        let suffix = subtree.hasPrefix(".") ? subtree : "." + subtree
        return name == subtree || name.hasSuffix(suffix)
    }

    private static func host(of uri: String) -> String? {
        (try? SPIFFEID(uri))?.trustDomain.name
    }

    private static func isConstrained(kindOf name: GeneralName, _ constraints: NameConstraints) -> Bool {
        (constraints.permittedSubtrees + constraints.excludedSubtrees).contains { subtree in
            switch (name, subtree) {
            case (.otherName, .otherName), (.rfc822Name, .rfc822Name), (.x400Address, .x400Address),
                (.directoryName, .directoryName), (.ediPartyName, .ediPartyName), (.ipAddress, .ipAddress),
                (.registeredID, .registeredID):
                true
            default: false
            }
        }
    }
}
