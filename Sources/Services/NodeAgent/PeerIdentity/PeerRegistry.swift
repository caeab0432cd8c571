// SPDX-License-Identifier: Apache-2.0

private import KelmarkCrypto
private import Synchronization

/// The callers whose connections are open, under names that nobody can guess.
///
/// A transport registers each connection at accept and stamps its requests with the name in a header of which it removes
/// every copy that the client sent; the service behind it finds the caller by the name. Facts (SPIFFE) 22.2.
public final class PeerRegistry: Sendable {
    /// The header that carries the name inside the process. Reserved: never taken from a client.
    public static let header = "x-kelmark-peer"

    /// One open connection's place; given back when nobody holds it any more.
    public final class Place: Sendable {
        /// What the transport stamps onto requests: 32 hexadecimal digits.
        public let name: String
        private let registry: PeerRegistry

        fileprivate init(_ name: String, in registry: PeerRegistry) {
            self.name = name
            self.registry = registry
        }

        deinit { registry.leave(name) }
    }

    private let most: Int
    private let peers = Mutex<[String: WorkloadPeer]>([:])

    /// - Parameter most: how many connections are open at most.
    public init(most: Int = 8192) { self.most = max(1, most) }

    /// Registers a caller for as long as the place is held; nil when there are too many already, or the system gives
    /// no randomness.
    public func register(_ peer: WorkloadPeer) -> Place? {
        guard let bytes = try? RandomBytes.generate(count: 16) else { return nil }
        let digits = Array("0123456789abcdef".utf8)
        let name = String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        return peers.withLock { peers in
            guard peers.count < most, peers[name] == nil else { return nil }
            peers[name] = peer
            return Place(name, in: self)
        }
    }

    /// Who is at the connection of that name.
    public func peer(named name: String) -> WorkloadPeer? { peers.withLock { $0[name] } }

    /// How many connections are open.
    public var count: Int { peers.withLock { $0.count } }

    private func leave(_ name: String) {
        // The last reference to a peer closes descriptors; not while others wait for the lock.
        let peer = peers.withLock { $0.removeValue(forKey: name) }
        withExtendedLifetime(peer) {}
    }
}
