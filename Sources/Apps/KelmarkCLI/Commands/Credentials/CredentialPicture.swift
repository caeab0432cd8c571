// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite

/// A credential as data and as text.
struct CredentialPicture {
    let credential: Credential
    let status: CredentialStatus?
    let schema: CredentialSchema?
    let names: [AID: String]
    /// Whether a revocation of ours is on its way.
    let isRevocationPending: Bool

    init(_ credential: Credential, in desk: IssuingDesk, names: [AID: String]) throws {
        self.credential = credential
        self.names = names
        (status, schema) = try desk.store.read(credentials: { transaction in
            (
                try credential.registry.flatMap { try transaction.status(of: credential.said, in: $0) },
                try transaction.schema(credential.schema)
            )
        })
        isRevocationPending = try desk.issuing.isRevoking([credential.said])
    }

    /// What the registry says, in one word.
    var word: String {
        guard let status else { return isRevocationPending ? "revocation on its way" : "not issued" }
        if status.isRevoked { return "revoked" }
        return isRevocationPending ? "revocation on its way" : "issued"
    }

    private func name(_ aid: AID) -> String { names[aid].map { "\($0)  \(aid)" } ?? aid.text }

    /// The credential as a document.
    var document: OrderedValue {
        (try? OrderedValue(parsing: credential.bytes.span, format: credential.format)) ?? .null
    }

    var data: OrderedMap {
        [
            "said": .text(credential.said.text), "issuer": .text(credential.issuer.text),
            "issuee": credential.issuee.map { .text($0.text) } ?? .null,
            "registry": credential.registry.map { .text($0.text) } ?? .null,
            "schema": .text(credential.schema.text),
            "title": (schema?.title ?? schema?.credentialType).map { .text($0) } ?? .null,
            "private": .boolean(credential.isPrivate),
            "addressing": credential.addressing == .mostCompact ? "compact" : "serialized",
            "status": .text(word),
            "event": status.map { status in
                [
                    "t": .text(status.kind.rawValue), "d": .text(status.event.text),
                    "dated": .text(status.dated.description), "sealedAt": .text(status.anchor.sn.hex),
                ]
            } ?? .null,
        ]
    }

    var line: String {
        "\(credential.said)  \(printable(schema?.title ?? schema?.credentialType ?? credential.schema.text))  \(word)"
            + "  from \(names[credential.issuer] ?? credential.issuer.text)"
            + (credential.issuee.map { "  to \(names[$0] ?? $0.text)" } ?? "")
    }

    var text: [String] {
        var lines = [
            "\(credential.said)  \(word)",
            "  schema    \(credential.schema)\(schema?.title.map { "  \(printable($0))" } ?? "")",
            "  issuer    \(name(credential.issuer))",
        ]
        switch credential.target {
        case .issuee(let aid): lines.append("  issuee    \(name(aid))")
        case .untargeted: lines.append("  issuee    nobody: it is untargeted")
        case .other: lines.append("  issuee    somebody who is not named by an AID")
        case .undisclosed: lines.append("  issuee    not disclosed in this copy")
        }
        if let registry = credential.registry { lines.append("  registry  \(registry)") }
        if let status {
            lines.append(
                "  event     \(status.kind.rawValue) \(status.event), dated \(status.dated) by the issuer")
            lines.append("  sealed    at \(status.anchor.sn.hex) of the issuer's log")
        }
        return lines + sections
    }

    /// The sections that this copy shows, line by line.
    private var sections: [String] {
        guard let map = document.mapValue else { return [] }
        return [("a", "attributes"), ("A", "aggregate"), ("e", "edges"), ("r", "rules")].flatMap {
            label, title -> [String] in
            guard let value = map[label] else { return [] }
            guard value.textValue == nil else { return ["  \(title)  hidden behind \(value.textValue ?? "")"] }
            return ["  \(title)"] + Self.lines(of: value, indent: 4)
        }
    }

    private static func lines(of value: OrderedValue, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        switch value {
        case .map(let map):
            return map.members.flatMap { member -> [String] in
                switch member.value {
                case .map, .list: ["\(margin)\(printable(member.label))"] + lines(of: member.value, indent: indent + 2)
                default: ["\(margin)\(printable(member.label))  \(word(member.value))"]
                }
            }
        case .list(let list): return list.flatMap { lines(of: $0, indent: indent) }
        default: return ["\(margin)\(word(value))"]
        }
    }

    private static func word(_ value: OrderedValue) -> String {
        if let text = value.textValue { return printable(text) }
        return (try? value.encoded(as: .json)).map { String(decoding: $0, as: UTF8.self) } ?? "?"
    }
}
