// SPDX-License-Identifier: Apache-2.0

public import KERI

extension Introducer {
    /// What asking one endpoint for a log came to.
    public enum Refreshed: Sendable, Hashable {
        /// It was taken in; the sequence number behind it, and the number of messages.
        case taken(SequenceNumber, messages: Int)
        /// It was not.
        case failed(IntroductionError)
    }

    /// Asks those who have the log of an AID for what is new: its witnesses, agents and itself, as far as their addresses
    /// are known (facts 9.4).
    /// - Returns: what each of them came to; empty when nobody's address is known.
    /// - Throws: what the store fails with.
    public func refresh(_ aid: AID) async throws -> [(endpoint: AID, result: Refreshed)] {
        var results: [(endpoint: AID, result: Refreshed)] = []
        // More than the witnesses of any AID that is meant to be used: a made-up one can name any number.
        for (endpoint, oobi) in try wallet.sources(of: aid).prefix(16) {
            do {
                let found = try await follow(oobi)
                results.append((endpoint, .taken(found.state.sn, messages: found.messages)))
            } catch let error as IntroductionError {
                results.append((endpoint, .failed(error)))
            }
        }
        return results
    }
}

extension Wallet {
    /// Where the log of an AID can be asked for.
    func sources(of aid: AID) throws -> [(endpoint: AID, oobi: OOBI)] {
        var sources: [(endpoint: AID, oobi: OOBI)] = []
        func add(_ endpoint: AID, _ role: String) throws {
            guard let url = try locations(of: endpoint).first(where: { $0.scheme != .tcp }),
                let oobi = OOBI(of: aid, role: role, by: endpoint, at: url)
            else { return }
            sources.append((endpoint, oobi))
        }
        for witness in try witnesses(of: aid) { try add(witness, "witness") }
        for reply in try store.read({ try $0.replies(of: aid) })
        where reply.key.route == "/end/role" && reply.value == "true" {
            let parts = reply.key.detail.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2, ["agent", "controller"].contains(parts[0]), let endpoint = AID(parts[1]) else {
                continue
            }
            try add(endpoint, parts[0])
        }
        return sources
    }

    /// The witnesses in force, with those that waiting events add: whoever asks for a log that can't be accepted yet has
    /// nobody else to ask.
    private func witnesses(of aid: AID) throws -> [AID] {
        try store.read { transaction in
            var list = try transaction.keyState(of: aid)?.witnesses ?? []
            for entry in try transaction.escrows(reason: nil, aid: aid, limit: 64) {
                guard let (event, _) = Self.parse(entry.message) else { continue }
                let added = event.establishment?.witnessesAdded ?? []
                list += added.filter { !list.contains($0) }
                // Anybody can make up an event; nobody shall make us ask the whole world.
                guard list.count < 32 else { break }
            }
            return list
        }
    }
}
