// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KelmarkBytes
internal import SPIFFE
internal import TrustBinding
internal import X509

/// A proof file part by part, as data and as text. Nothing is judged.
enum ProofFileView {
    static func result(of proof: ProofFile, bytes: Int, source: String) -> CommandResult {
        var text = ["proof file, \(bytes) bytes, \(proof.parts.count) parts"]
        var parts: [OrderedValue] = []
        for part in proof.parts {
            text.append(
                "\(part.offset)  \(part.name.kind.rawValue) \(printable(part.name.id)), \(part.content.count) bytes")
            let (lines, value) = content(of: part)
            text += lines.map { "  " + printable($0) }
            parts.append([
                "kind": .text(part.name.kind.rawValue), "id": .text(part.name.id), "offset": OrderedValue(part.offset),
                "count": OrderedValue(part.count), "sha256": .text(hexadecimal(part.sha256)), "content": value,
            ])
        }
        if let manifest = proof.manifest {
            text.append("manifest, \(manifest.entries.count) parts")
            for event in manifest.newestEvents { text.append("  newest event \(printable(event.description))") }
        } else {
            text.append("no manifest")
        }
        for finding in proof.findings { text.append("FINDING: \(printable(finding.reason.description))") }
        return CommandResult(
            data: [
                "source": .text(source), "bytes": OrderedValue(bytes), "parts": .list(parts),
                "manifest": .boolean(proof.manifest != nil),
                "findings": .list(proof.findings.map { .text($0.reason.description) }),
            ], text: text)
    }

    private static func content(of part: ProofPart) -> ([String], OrderedValue) {
        switch part.name.kind {
        case .keyEventLog, .registry, .credential:
            let stream = AnnotatedStream(part.content.span)
            return (stream.text.split(separator: "\n").map(String.init), stream.value)
        case .schema:
            guard let value = try? OrderedValue(parsing: part.content.span, format: .json) else {
                return (["unreadable"], .null)
            }
            return ([value["title"]?.textValue, value["description"]?.textValue].compactMap { $0 }, value)
        case .record:
            guard let value = try? OrderedValue(parsing: part.content.span, format: .json), let map = value.mapValue
            else {
                return (["unreadable"], .null)
            }
            return (map.members.map { "\($0.label): \($0.value.textValue ?? "\($0.value.integerValue ?? 0)")" }, value)
        case .authority, .svid:
            var rest = part.content[...]
            var lines: [String] = []
            var values: [OrderedValue] = []
            while let (der, behind) = element(of: rest), let certificate = try? X509Certificate(der: der) {
                lines.append("subject  \(certificate.certificate.subject)")
                lines.append("URI      \(certificate.uris.joined(separator: " "))")
                lines.append("valid    \(certificate.notBefore) to \(certificate.notAfter)")
                values.append([
                    "subject": .text("\(certificate.certificate.subject)"),
                    "uris": .list(certificate.uris.map { .text($0) }),
                    "notBefore": .text(certificate.notBefore.description),
                    "notAfter": .text(certificate.notAfter.description), "pem": .text(certificate.pem),
                ])
                rest = behind
            }
            return (lines.isEmpty ? ["unreadable"] : lines, .list(values))
        }
    }

    /// The first DER element of some bytes, and what is behind it.
    private static func element(of bytes: ArraySlice<UInt8>) -> ([UInt8], ArraySlice<UInt8>)? {
        let head = Array(bytes.prefix(6))
        guard head.count >= 2 else { return nil }
        var length = Int(head[1])
        var start = 2
        if length >= 0x80 {
            let count = length & 0x7F
            guard (1...4).contains(count), head.count >= 2 + count else { return nil }
            length = head[2..<(2 + count)].reduce(0) { $0 << 8 | Int($1) }
            start = 2 + count
        }
        guard start + length <= bytes.count else { return nil }
        return (Array(bytes.prefix(start + length)), bytes.dropFirst(start + length))
    }
}
