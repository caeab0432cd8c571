// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

// What a witness says about an AID to those who follow an OOBI (facts 9.4).

extension Witness {
    /// The log of an AID and where it can be reached.
    ///
    /// - Returns: nil when the log is not known or its latest event lacks receipts, empty when this is neither the AID
    ///   nor one of its witnesses.
    func introduction(of subject: AID, role: String?, endpoint: AID?) throws -> [UInt8]? {
        guard let state = try witnessedState(of: subject) else { return nil }
        guard subject == aid || state.witnesses.contains(aid) else { return [] }
        var stream = try log(of: state)
        let roles = try store.read { try $0.replies(of: subject) }.filter { $0.key.route == "/end/role" }
        for record in roles where record.value == "true" {
            let parts = record.key.detail.split(separator: "/").map(String.init)
            guard parts.count == 2, role == nil || role == parts[0], endpoint == nil || endpoint?.text == parts[1],
                let other = AID(parts[1])
            else { continue }
            stream += record.message
            stream += try locations(of: other)
        }
        let shown: [AID] =
            if subject == aid { [aid] } else if role == nil || role == "witness" { state.witnesses } else { [] }
        for one in shown where endpoint == nil || one == endpoint || subject == aid { stream += try locations(of: one) }
        return stream
    }

    /// The signed replies about where an endpoint listens.
    private func locations(of endpoint: AID) throws -> [UInt8] {
        try store.read { try $0.replies(of: endpoint) }
            .filter { $0.key.route == "/loc/scheme" && !$0.value.isEmpty }
            .reduce(into: []) { $0 += $1.message }
    }
}
