// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes

/// Brings the events of an own AID to its witnesses and collects their receipts (facts 10.1).
///
/// What is left to do is read from the store each time: which events a witness has not receipted. So delivery can be
/// repeated, broken off and resumed at will. All witnesses are asked at once; one that hangs holds nobody up but itself.
public struct Receiptor<Store: KeyEventStore>: Sendable {
    let wallet: Wallet<Store>
    let peers: PatientTransport
    let clock: any NetworkClock
    let policy: DeliveryPolicy
    let turns: WriteQueue<Store>
    private let untold = UntoldReceipts()

    /// Delivers for a wallet.
    public init(
        _ wallet: Wallet<Store>, transport: any PeerTransport, clock: any NetworkClock,
        policy: DeliveryPolicy = DeliveryPolicy()
    ) {
        self.wallet = wallet
        peers = PatientTransport(transport: transport, clock: clock, policy: policy)
        self.clock = clock
        self.policy = policy
        turns = WriteQueue(wallet.store)
    }

    /// Delivers what the witnesses of an AID lack, then tells each about the receipts of the others.
    /// - Throws: what the store fails with.
    public func deliver(_ aid: AID) async throws -> DeliveryReport {
        guard let first = try Backlog(aid, wallet) else {
            return DeliveryReport(witnesses: [], threshold: 0, isMet: true, isTold: true)
        }
        var results: [AID: WitnessResult] = [:]
        await withTaskGroup(of: (AID, WitnessResult).self) { group in
            for witness in first.witnesses {
                let lacking = first.lacking(witness)
                group.addTask { (witness, await bring(lacking, of: first, to: witness)) }
            }
            for await (witness, result) in group { results[witness] = result }
        }
        _ = try wallet.refresh(now: clock.now())
        guard let after = try Backlog(aid, wallet) else {
            return DeliveryReport(witnesses: [], threshold: 0, isMet: true, isTold: true)
        }
        var isTold = false
        if after.isMet {
            isTold = await tell(after, results, lacked: first)
        } else if let last = after.events.last {
            for (witness, result) in results where result == .receipted { untold.add(aid, witness, from: last.seal.sn) }
        }
        return DeliveryReport(
            witnesses: first.witnesses.map { DeliveryReport.Witness(aid: $0, result: results[$0] ?? .noAddress) },
            threshold: first.threshold, isMet: after.isMet, isTold: isTold)
    }

    /// Where a witness is reached: the way that is preferred, else the other one.
    private func place(of witness: AID) -> PeerURL? {
        let places = (try? wallet.locations(of: witness)) ?? []
        return places.first { ($0.scheme == .tcp) == policy.prefersStreams } ?? places.first
    }

    // MARK: Round one

    /// Brings one witness what it lacks, oldest first.
    private func bring(_ events: [Backlog.Event], of backlog: Backlog, to witness: AID) async -> WitnessResult {
        guard !events.isEmpty else { return .receipted }
        guard let url = place(of: witness) else { return .noAddress }
        if url.scheme == .tcp { return await bring(events, of: backlog, to: witness, overStream: url) }
        // A witness that has seen nothing, or is asked about a delegate, needs the logs that the event rests on.
        if backlog.isDelegated || backlog.isNew(witness), let log = try? backlog.foundation(wallet), !log.isEmpty {
            if let failure = await put(log, to: witness, at: url) { return failure }
        }
        for event in events {
            var result = await ask(event, of: witness, at: url)
            if case .waiting = result {
                // It lacks something before this event.
                guard let log = try? backlog.foundation(of: witness, wallet), !log.isEmpty else { return result }
                if let failure = await put(log, to: witness, at: url) { return failure }
                result = await ask(event, of: witness, at: url)
            }
            guard result == .receipted else { return result }
        }
        return .receipted
    }

    /// Asks for the receipt of one event and takes it in.
    private func ask(_ event: Backlog.Event, of witness: AID, at url: PeerURL) async -> WitnessResult {
        let request = PeerRequest.message(
            event.body, event.attachments, to: witness, at: url, path: "receipts", headerBytes: policy.headerBytes)
        do {
            let response = try await peers.send(request)
            switch response.status {
            case 200:
                // Answers come from several witnesses at once, but a wallet changes one step at a time.
                let report = try await turns.runAlone { [wallet, clock] in
                    try wallet.ingest(response.body, now: clock.now())
                }
                guard try Backlog.isReceipted(event, by: witness, wallet) else {
                    let fault =
                        report.messages.isEmpty ? "the answer is empty" : "no receipt of this event is in the answer"
                    return .refused(fault)
                }
                return .receipted
            case 202: return .waiting
            default: return .refused("\(response.status) \(response.explanation)")
            }
        } catch let error as TransportError {
            return .unreachable(error.description)
        } catch { return .refused("\(error)") }
    }

    func put(_ stream: [UInt8], to witness: AID, at url: PeerURL) async -> WitnessResult? {
        do {
            let response = try await peers.send(.stream(stream, to: witness, at: url))
            return (200..<300).contains(response.status)
                ? nil : .refused("\(response.status) \(response.explanation)")
        } catch { return .unreachable("\(error)") }
    }

    // MARK: Round two

    /// Gives every witness that answered the receipts of the others, and those that are new the addresses of the others.
    /// What could not be told is remembered, and told with the next delivery.
    /// - Returns: whether all of them have heard everything.
    private func tell(_ backlog: Backlog, _ results: [AID: WitnessResult], lacked: Backlog) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            for witness in backlog.witnesses {
                guard results[witness] == .receipted,
                    let url = place(of: witness)
                else {
                    group.addTask { false }
                    continue
                }
                let missed = lacked.lacking(witness)
                group.addTask {
                    guard let requests = try? requests(backlog, witness, url, missed) else { return false }
                    if url.scheme == .tcp { return await tell(requests, overStream: url) }
                    for request in requests {
                        guard let answer = try? await peers.send(request), (200..<300).contains(answer.status) else {
                            if let first = (missed.first ?? backlog.told.first)?.seal.sn {
                                untold.add(backlog.aid, witness, from: first)
                            }
                            return false
                        }
                    }
                    untold.remove(backlog.aid, witness)
                    return true
                }
            }
            return await group.reduce(true) { $0 && $1 }
        }
    }

    private func requests(
        _ backlog: Backlog, _ witness: AID, _ url: PeerURL, _ missed: [Backlog.Event]
    ) throws -> [PeerRequest] {
        var requests: [PeerRequest] = []
        // Who was away has missed receipts too; what it shows to strangers must be enough for them.
        let earlier = untold.first(backlog.aid, witness)
        let isBehind = missed.count > 1 || earlier != nil
        if isBehind, let first = [earlier, missed.first?.seal.sn].compactMap(\.self).min() {
            let stream = try backlog.replay(from: first, wallet)
            requests.append(.stream(stream, to: witness, at: url))
        }
        for event in isBehind ? [] : backlog.told {
            let others = event.couples.filter { $0.key != witness.primitive }
            guard !others.isEmpty else { continue }
            var attachments = Attachments()
            attachments.nonTransferableReceipts = others
            requests.append(
                .message(
                    try MessageBuilder.receipt(of: event.seal), try attachments.encoded(in: .text), to: witness,
                    at: url,
                    path: "", headerBytes: policy.headerBytes))
        }
        guard backlog.isNew(witness) else { return requests }
        var places: [UInt8] = []
        for other in backlog.witnesses where other != witness {
            for record in try wallet.store.read({ try $0.replies(of: other) }) where record.key.route == "/loc/scheme" {
                places += record.message
            }
        }
        if !places.isEmpty { requests.append(.stream(places, to: witness, at: url)) }
        return requests
    }
}

/// What became of the delivery at one witness.
public enum WitnessResult: Sendable, Hashable {
    /// It has receipted everything.
    case receipted
    /// It keeps the event but waits for something.
    case waiting
    /// It says no; why.
    case refused(String)
    /// It can't be reached; why.
    case unreachable(String)
    /// Nobody has said where it listens.
    case noAddress
}

/// What became of a delivery.
public struct DeliveryReport: Sendable {
    /// One witness.
    public struct Witness: Sendable, Hashable {
        /// Who.
        public let aid: AID
        /// What became of it there.
        public let result: WitnessResult

        package init(aid: AID, result: WitnessResult) {
            self.aid = aid
            self.result = result
        }
    }

    /// Every witness in the order of the list.
    public let witnesses: [Witness]
    /// How many must receipt.
    public let threshold: UInt32
    /// Whether enough have.
    public let isMet: Bool
    /// Whether every witness has heard of the receipts of the others.
    public let isTold: Bool
}
