// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
internal import Issuer
internal import Synchronization

/// How many calls of those who show no SVID are open at a time.
///
/// Whoever reaches the port may attest and read the bundle, and each open call has a task and room for a message, also
/// while nothing comes. Limits of rate see a call only once it has said something; so the calls themselves are counted.
final class AnonymousCalls: Sendable {
    private struct State {
        var perNetwork: [String: Int] = [:]
        var count = 0
    }

    /// Most of one network, as `ConnectionSource` names it. Attestations wait for their turn, at most 31 of one address.
    private let perNetwork: Int
    /// Most of all.
    private let most: Int
    private let state = Mutex(State())

    init(perNetwork: Int = 64, most: Int) {
        self.perNetwork = perNetwork
        self.most = most
    }

    /// So many that strangers, even if each call of theirs holds a connection, leave half of the connections to those who
    /// are known.
    convenience init(connections: Int) { self.init(most: max(1, connections / 2)) }

    /// How many are open now.
    var count: Int { state.withLock { $0.count } }

    /// Counts a call for as long as the seat is held; nil for a caller who is not counted.
    /// - Throws: `resourceExhausted` where there is no room.
    func seat(for caller: Caller) throws(IssuerError) -> Seat? {
        guard case .remote(let address, nil) = caller else { return nil }
        let network = ConnectionSource.network(of: address)
        let isSeated = state.withLock { state in
            guard state.count < most, state.perNetwork[network, default: 0] < perNetwork else { return false }
            state.count += 1
            state.perNetwork[network, default: 0] += 1
            return true
        }
        guard isSeated else { throw IssuerError(.resourceExhausted, "too many calls without an SVID at a time") }
        return Seat(self, network)
    }

    private func leave(_ network: String) {
        state.withLock { state in
            state.count -= 1
            let left = state.perNetwork[network, default: 1] - 1
            state.perNetwork[network] = left > 0 ? left : nil
        }
    }

    /// The place of one open call: free again as soon as nobody holds it, however the call ends.
    final class Seat: Sendable {
        private let calls: AnonymousCalls
        private let network: String

        fileprivate init(_ calls: AnonymousCalls, _ network: String) {
            self.calls = calls
            self.network = network
        }

        deinit { calls.leave(network) }
    }
}
