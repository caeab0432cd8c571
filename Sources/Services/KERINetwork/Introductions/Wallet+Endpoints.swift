// SPDX-License-Identifier: Apache-2.0

public import KERI

extension Wallet {
    /// Where an AID says that it listens, HTTP before TCP (facts 9.3).
    /// - Throws: what the store fails with.
    public func locations(of aid: AID) throws -> [PeerURL] {
        try store.read { try $0.replies(of: aid) }
            .filter { $0.key.route == "/loc/scheme" }
            .compactMap { PeerURL($0.value) }
            .sorted { ($0.scheme == .tcp ? 1 : 0) < ($1.scheme == .tcp ? 1 : 0) }
    }

    /// The introductions of an AID by those of its witnesses whose address is known.
    /// - Throws: what the store fails with; ``ControllerError`` `unknown`.
    public func introductions(of aid: AID) throws -> [OOBI] {
        guard let state = try keyState(of: aid) else {
            throw ControllerError(.unknown, "nothing is known of \(aid)")
        }
        return try state.witnesses.compactMap { witness in
            guard let url = try locations(of: witness).first(where: { $0.scheme != .tcp }) else { return nil }
            return OOBI(of: aid, role: "witness", by: witness, at: url)
        }
    }
}
