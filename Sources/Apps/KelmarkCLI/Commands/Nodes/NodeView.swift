// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import KelmarkBytes
internal import SPIFFE

/// Nodes as SPIRE's tools print their agents.
enum NodeView {
    /// A node as a block of lines, an empty one at its end.
    static func block(_ node: NodeRecord) -> [String] {
        var lines: [String] = []
        func line(_ label: String, _ value: String) { lines.append(SPIREText.line(label, value, width: 18)) }
        line("SPIFFE ID", "\(node.id)")
        line("Attestation type", node.attestationType)
        line("Expiration time", SPIREText.time(node.expiresAt))
        // A banned node has no serial number.
        if node.isBanned {
            line("Banned", "true")
        } else {
            line("Serial number", node.serialNumber)
        }
        line("Can re-attest", "\(node.canReattest)")
        if !node.agentVersion.isEmpty { line("Agent version", node.agentVersion) }
        return lines + [""]
    }

    /// One node, with its selectors.
    static func shown(_ node: NodeRecord) -> Answer {
        var lines = block(node)
        let selectors = node.selectors.map { SPIREText.line("Selectors", "\($0)", width: 18) }
        lines.insert(contentsOf: selectors, at: lines.count - 1)
        guard let json = json(node).mapValue else { return Answer(json: [:], text: lines) }
        return Answer(json: json, text: ["Found an attested agent given its SPIFFE ID", ""] + lines)
    }

    /// Nodes that were found.
    static func found(_ nodes: [NodeRecord]) -> Answer {
        let head =
            nodes.isEmpty
            ? ["No attested agents found"]
            : ["Found \(SPIREText.count(nodes.count, "attested agent", "attested agents")):", ""]
        return Answer(
            json: ["agents": .list(nodes.map(json)), "next_page_token": ""], text: head + nodes.flatMap(block))
    }

    /// A node as the API's JSON.
    static func json(_ node: NodeRecord) -> OrderedValue {
        [
            "agent_version": .text(node.agentVersion), "attestation_type": .text(node.attestationType),
            "banned": .boolean(node.isBanned), "can_reattest": .boolean(node.canReattest),
            "id": SPIREJSON.id(node.id), "selectors": SPIREJSON.selectors(node.selectors),
            "x509svid_expires_at": SPIREJSON.integer(node.expiresAt),
            "x509svid_serial_number": .text(node.serialNumber),
        ]
    }

    /// A moment as the filter of the API spells it: `2006-01-02 15:04:05 -0700 -07`.
    static func limit(_ time: CertificateTime) -> String {
        let text = time.description
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) +0000 +00"
    }
}
