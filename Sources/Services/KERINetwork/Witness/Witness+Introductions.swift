// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

// What a witness says about an AID to those who follow an OOBI (facts 9.4).

extension Witness {
    /// The answer to an OOBI.
    enum Introduction: Sendable {
        /// The log, then where endpoints can be reached and what roles they have.
        case stream([UInt8])
        /// The log or that of a delegator is not known, or the latest event lacks receipts.
        case unknown
        /// This is neither the AID nor one of its witnesses.
        case notOurs
    }

    /// The log of an AID and where it can be reached.
    @concurrent func introduction(of subject: AID, role: String?, endpoint: AID?) async throws -> Introduction {
        guard let state = try witnessedState(of: subject), var stream = try log(of: state) else { return .unknown }
        guard subject == aid || state.witnesses.contains(aid) else { return .notOurs }
        var shown: Set<AID> = []
        func show(_ one: AID) throws {
            guard shown.insert(one).inserted else { return }
            stream += try locations(of: one)
        }
        if role == nil || role == "witness" {
            // All of them, whichever was asked: who learns of one wants to compare it with the others.
            for one in state.witnesses { try show(one) }
        }
        for record in try store.read({ try $0.replies(of: subject) })
        where record.key.route == "/end/role" && record.value == "true" {
            let parts = record.key.detail.split(separator: "/").map(String.init)
            guard parts.count == 2, role == nil || role == parts[0], endpoint == nil || endpoint?.text == parts[1],
                let other = AID(parts[1])
            else { continue }
            try show(other)
            stream += record.message
        }
        return .stream(stream)
    }

    /// The signed replies about where an endpoint listens.
    private func locations(of endpoint: AID) throws -> [UInt8] {
        try store.read { try $0.replies(of: endpoint) }
            .filter { $0.key.route == "/loc/scheme" && !$0.value.isEmpty }
            .reduce(into: []) { $0 += $1.message }
    }
}
