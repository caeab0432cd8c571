// SPDX-License-Identifier: Apache-2.0

public import ACDC
internal import CESR
public import KERI

/// Brings registry events to the witnesses of their owner, where whoever holds a credential asks for them (facts 9.2), and
/// to the backers, which sign what follows only when they know what came before.
///
/// Witnesses that have them already say so by doing nothing, so publishing can be repeated at will.
public struct RegistryPublisher<Store: CredentialStore>: Sendable {
    private let wallet: Wallet<Store.KeyEventLogs>
    private let store: Store
    private let archive: RegistryArchive<Store>
    private let peers: PatientTransport

    /// Publishes what a wallet's registries say.
    public init(
        _ wallet: Wallet<Store.KeyEventLogs>, store: Store, transport: any PeerTransport, clock: any NetworkClock,
        policy: DeliveryPolicy = DeliveryPolicy()
    ) {
        self.wallet = wallet
        self.store = store
        archive = RegistryArchive(store)
        peers = PatientTransport(transport: transport, clock: clock, policy: policy)
    }

    /// What became of it at one witness.
    public enum Result: Sendable, Hashable {
        /// It has taken the events.
        case taken
        /// It does not keep registries, or says no; why.
        case refused(String)
        /// It can't be reached; why.
        case unreachable(String)
        /// Nobody has said where it listens.
        case noAddress
    }

    /// Who is to have the events of a registry: the witnesses of its owner, then backers that are none.
    /// - Throws: what the store fails with.
    public func audience(of registry: SAID, owner: AID) throws -> [AID] {
        let witnesses = try wallet.keyState(of: owner)?.witnesses ?? []
        let backers = try store.read(credentials: { try $0.registry(registry)?.backers }) ?? []
        return witnesses + backers.filter { !witnesses.contains($0) }
    }

    /// Brings the events of a registry, and of a credential in it, to every witness of the owner and every backer.
    /// - Throws: what the store fails with.
    public func publish(
        _ registry: SAID, credential: SAID? = nil, of owner: AID
    ) async throws -> [(witness: AID, result: Result)] {
        let stream = try archive.log(of: registry, credential: credential)
        guard !stream.isEmpty else { return [] }
        var results: [(witness: AID, result: Result)] = []
        for witness in try audience(of: registry, owner: owner) {
            results.append((witness, await bring(stream, to: witness)))
        }
        return results
    }

    private func bring(_ stream: [UInt8], to witness: AID) async -> Result {
        guard let url = try? wallet.locations(of: witness).first(where: { $0.scheme != .tcp }) else {
            return .noAddress
        }
        do {
            let answer = try await peers.send(.stream(stream, to: witness, at: url))
            return (200..<300).contains(answer.status) ? .taken : .refused("it answers \(answer.status)")
        } catch { return .unreachable("\(error)") }
    }
}
