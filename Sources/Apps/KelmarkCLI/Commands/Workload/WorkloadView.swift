// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import JOSE
internal import KelmarkBytes
internal import SPIFFE

/// What a workload gets, as SPIRE's agent prints it.
enum WorkloadView {
    /// Everything that a workload is by certificates.
    /// - Throws: ``CommandFailure`` when the agent sent what are no certificates.
    static func text(_ state: WorkloadCalls.X509State, after took: Duration) throws -> [String] {
        let count = SPIREText.count(state.identities.count, "svid", "svids")
        var lines = ["Received \(count) after \(duration(took))", ""]
        let federated = try state.federatedBundles.sorted { $0.key < $1.key }.map {
            ($0.key, try read($0.value, $0.key))
        }
        for identity in state.identities {
            let chain = try read(identity.chain, identity.id)
            lines.append("SPIFFE ID:\t\t" + printable(identity.id))
            if !identity.hint.isEmpty { lines.append("Hint:\t\t\t" + printable(identity.hint)) }
            for (index, certificate) in chain.enumerated() {
                lines += validity(index == 0 ? "SVID" : "Intermediate #\(index)", certificate)
            }
            for (index, certificate) in try read(identity.bundle, identity.id).enumerated() {
                lines += validity("CA #\(index + 1)", certificate)
            }
            for (domain, certificates) in federated {
                for (index, certificate) in certificates.enumerated() {
                    lines += validity("[\(printable(domain))] CA #\(index + 1)", certificate)
                }
            }
            lines.append("")
        }
        return lines
    }

    private static func validity(_ name: String, _ certificate: X509Certificate) -> [String] {
        [
            "\(name) Valid After:\t" + SPIREText.time(certificate.notBefore.seconds),
            "\(name) Valid Until:\t" + SPIREText.time(certificate.notAfter.seconds),
        ]
    }

    /// Certificates in DER, one behind the other.
    static func read(_ der: [UInt8], _ name: String) throws -> [X509Certificate] {
        do {
            return try CertificateEncoding.certificates(inConcatenatedDER: der).map { try X509Certificate(der: $0) }
        } catch {
            throw CommandFailure("KM-WORKLOAD-ANSWER", "the certificates of \(name) can't be read: \(error)")
        }
    }

    /// The same as the API's JSON. It holds private keys, as SPIRE's does.
    static func json(_ state: WorkloadCalls.X509State) -> OrderedMap {
        [
            "crl": .list(state.revocationLists.map { .text(StandardBase64.encodedString($0)) }),
            "federated_bundles": map(state.federatedBundles),
            "svids": .list(
                state.identities.map {
                    [
                        "bundle": .text(StandardBase64.encodedString($0.bundle)), "hint": .text($0.hint),
                        "spiffe_id": .text($0.id), "x509_svid": .text(StandardBase64.encodedString($0.chain)),
                        "x509_svid_key": .text(StandardBase64.encodedString($0.key)),
                    ]
                }),
        ]
    }

    /// Tokens and the keys by which they are judged.
    static func text(_ tokens: [WorkloadCalls.Token], bundles: [String: [UInt8]]) -> [String] {
        var lines: [String] = []
        for token in tokens {
            lines += ["token(\(printable(token.id))):", "\t" + printable(token.token)]
            if !token.hint.isEmpty { lines += ["hint(\(printable(token.id))):", "\t" + printable(token.hint)] }
        }
        for (domain, keys) in bundles.sorted(by: { $0.key < $1.key }) {
            let tree = try? OrderedValue(parsingJSON: keys.span, strictness: .interoperable, limits: .jose)
            lines += [
                "bundle(\(printable(domain))):",
                "\t" + (tree?.indentedText() ?? printable(String(decoding: keys, as: UTF8.self))),
            ]
        }
        return lines
    }

    /// The tokens as the API's JSON.
    static func json(_ tokens: [WorkloadCalls.Token]) -> OrderedMap {
        [
            "svids": .list(
                tokens.map { ["hint": .text($0.hint), "spiffe_id": .text($0.id), "svid": .text($0.token)] })
        ]
    }

    /// The keys as the API's JSON.
    static func json(bundles: [String: [UInt8]]) -> OrderedMap { ["bundles": map(bundles)] }

    private static func map(_ bytes: [String: [UInt8]]) -> OrderedValue {
        var map: OrderedMap = [:]
        for (name, value) in bytes.sorted(by: { $0.key < $1.key }) {
            map[name] = .text(StandardBase64.encodedString(value))
        }
        return .map(map)
    }

    /// A duration as `29.557537ms`.
    private static func duration(_ duration: Duration) -> String {
        let parts = duration.components
        let nanoseconds = parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000
        guard nanoseconds < 1_000_000_000 else { return "\(fraction(nanoseconds, 1_000_000_000))s" }
        return "\(fraction(nanoseconds, 1_000_000))ms"
    }

    private static func fraction(_ number: Int64, _ unit: Int64) -> String {
        let digits = String(number % unit + unit).dropFirst()
        let rest = digits.reversed().drop { $0 == "0" }.reversed()
        return rest.isEmpty ? "\(number / unit)" : "\(number / unit).\(String(rest))"
    }
}
