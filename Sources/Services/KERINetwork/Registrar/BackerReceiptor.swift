// SPDX-License-Identifier: Apache-2.0

public import ACDC
internal import CESR
public import KERI
internal import KelmarkBytes

/// Brings a registry event of ours that is sealed to the backers of its registry, and takes their signatures in.
///
/// Which backers lack is read from the store each time, so it can be broken off and repeated at will. All are asked at
/// once; one that hangs holds nobody up but itself. KERIpy has no such service: it only verifies what backers signed.
public struct BackerReceiptor<Store: CredentialStore>: Sendable {
    private let wallet: Wallet<Store.KeyEventLogs>
    private let store: Store
    private let archive: RegistryArchive<Store>
    private let peers: PatientTransport
    private let clock: any NetworkClock
    private let policy: DeliveryPolicy
    private let turns: WriteQueue<Store.KeyEventLogs>

    /// Collects for a wallet.
    public init(
        _ wallet: Wallet<Store.KeyEventLogs>, store: Store, transport: any PeerTransport, clock: any NetworkClock,
        policy: DeliveryPolicy = DeliveryPolicy()
    ) {
        self.wallet = wallet
        self.store = store
        archive = RegistryArchive(store)
        peers = PatientTransport(transport: transport, clock: clock, policy: policy)
        self.clock = clock
        self.policy = policy
        turns = WriteQueue(wallet.store)
    }

    /// Asks every backer whose signature is not here.
    ///
    /// - Returns: each backer in the order of the list, with what became of it; empty when the event has none, or the
    ///   owner's log does not seal it yet.
    /// - Throws: what the store fails with.
    public func collect(_ pending: PendingRegistryEvent) async throws -> [(backer: AID, result: WitnessResult)] {
        guard case .registryEvent(let event)? = try? StoredMessage(pending.event).message,
            let work = try store.read(credentials: { try Self.work(event, pending, in: $0) })
        else { return [] }
        var results: [AID: WitnessResult] = [:]
        await withTaskGroup(of: (AID, WitnessResult).self) { group in
            for (index, backer) in work.backers.enumerated() {
                guard !work.held.contains(where: { $0.index == index }) else {
                    results[backer] = .receipted
                    continue
                }
                group.addTask { (backer, await ask(backer, at: index, for: work)) }
            }
            for await (backer, result) in group { results[backer] = result }
        }
        return work.backers.map { (backer: $0, result: results[$0] ?? .noAddress) }
    }

    /// An event, who is to sign it, and what it needs to be believed.
    private struct Work: Sendable {
        let event: RegistryEvent
        let owner: AID
        let backers: [AID]
        /// Signatures that are here.
        let held: [IndexedSignature]
        /// The registry, for the events before this one.
        let registry: SAID
        /// What goes along.
        let attachments: [UInt8]
    }

    private static func work(
        _ event: RegistryEvent, _ pending: PendingRegistryEvent, in transaction: Store.Transaction
    ) throws -> Work? {
        guard let (registry, backers) = try BackingDecision(transaction).backers(of: event), !backers.isEmpty,
            let anchor = try transaction.anchor(of: event.seal, by: pending.owner)
        else { return nil }
        var held =
            try transaction.event(of: event.subject, in: registry, at: event.sn)
            .map { $0.said == event.said ? $0.backerSignatures : [] } ?? []
        let key = CredentialEscrowKey(reason: .partialBackers, subject: event.subject, said: event.said)
        if let entry = try transaction.credentialEscrow(key), let kept = try? StoredMessage(entry.message) {
            held += kept.attachments.witnessSignatures
        }
        var attachments = Attachments()
        attachments.witnessSignatures = held
        attachments.sealSourceCouples = [SealSourceCouple(sn: anchor.sn.value, said: anchor.said.primitive)]
        return Work(
            event: event, owner: pending.owner, backers: backers, held: held, registry: registry,
            attachments: try attachments.encoded(in: .text))
    }

    private func ask(_ backer: AID, at index: Int, for work: Work) async -> WitnessResult {
        guard let url = try? wallet.locations(of: backer).first(where: { $0.scheme != .tcp }) else {
            return .noAddress
        }
        do {
            let result = try await askOnce(backer, at: index, for: work, url)
            guard case .waiting = result else { return result }
            // It lacks the owner's log with its receipts, or what the registry said before.
            let foundation = try wallet.export(work.owner, withWaiting: false) + known(for: work)
            let answer = try await peers.send(.stream(foundation, to: backer, at: url))
            guard (200..<300).contains(answer.status) else {
                return .refused("\(answer.status) \(answer.explanation)")
            }
            return try await askOnce(backer, at: index, for: work, url)
        } catch let error as TransportError {
            return .unreachable(error.description)
        } catch { return .refused("\(error)") }
    }

    /// The events of the registry and of the credential before the one that is asked about.
    private func known(for work: Work) throws -> [UInt8] {
        let credential = work.event.subject == work.registry ? nil : work.event.subject
        return try archive.log(of: work.registry, credential: credential)
    }

    private func askOnce(
        _ backer: AID, at index: Int, for work: Work, _ url: PeerURL
    ) async throws -> WitnessResult {
        let answer = try await peers.send(
            .message(
                work.event.bytes, work.attachments, to: backer, at: url, path: "receipts",
                headerBytes: policy.headerBytes))
        switch answer.status {
        case 200:
            guard let signature = Self.signature(in: answer.body, at: index, by: backer, of: work.event) else {
                return .refused("no signature of this event by it is in the answer")
            }
            var proof = Attachments()
            proof.witnessSignatures = [signature]
            // Answers come from several backers at once, but a wallet changes one step at a time.
            let outcome = try await turns.runAlone { [store, clock, proof] in
                try CredentialProcessor(store: store).process(work.event, with: proof, now: clock.now())
            }
            if case .rejected(let reason) = outcome { return .refused(reason.rawValue) }
            return .receipted
        case 202: return .waiting
        default: return .refused("\(answer.status) \(answer.explanation)")
        }
    }

    /// The signature of a backer in its answer, if it verifies over our own bytes.
    private static func signature(
        in answer: [UInt8], at index: Int, by backer: AID, of event: RegistryEvent
    ) -> IndexedSignature? {
        guard let stored = try? StoredMessage(answer), case .registryEvent(let signed) = stored.message,
            signed.said == event.said
        else { return nil }
        return stored.attachments.witnessSignatures.first { signature in
            signature.index == index && backer.key?.verifies(signature, over: event.bytes.span) == true
        }
    }
}
