// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes

// Delegates of keripy 1.2 delegators: receipts come before the seal (facts 7.6).

extension Receiptor {
    /// Asks the witnesses of an event that waits for its delegator to receipt it ahead of the seal: a delegator of
    /// keripy 1.2 seals only what is receipted. What comes is kept with the event, so that it travels with the request.
    ///
    /// - Returns: how many of the witnesses have receipted the event; 0 when nothing waits for a delegator.
    /// - Throws: what the store fails with.
    public func collectAhead(_ aid: AID) async throws -> Int {
        guard let ahead = try AheadOfSeal(aid, wallet) else { return 0 }
        let foundation = try wallet.export(aid, withDelegators: true, withWaiting: false, allowsUnknown: true)
        var receipts: [IndexedSignature] = []
        await withTaskGroup(of: IndexedSignature?.self) { group in
            for (index, witness) in ahead.witnesses.enumerated() where !ahead.isReceipted(by: index) {
                group.addTask { await receipt(ahead, of: witness, at: index, foundation) }
            }
            for await receipt in group { if let receipt { receipts.append(receipt) } }
        }
        guard !receipts.isEmpty else { return ahead.receipts.count }
        var attachments = Attachments()
        attachments.controllerSignatures = ahead.signatures
        attachments.witnessSignatures = receipts
        let copy = try ahead.event.bytes + attachments.encoded(in: .text)
        try await turns.runAlone { [wallet, clock] in _ = try wallet.ingest(copy, now: clock.now()) }
        _ = try wallet.refresh(now: clock.now())
        return ahead.receipts.count + receipts.count
    }

    /// Brings the log of a delegate, behind those of its delegators, to all its witnesses: they learn of the seal.
    /// - Throws: what the store fails with.
    public func bringSeal(of aid: AID) async throws {
        let log = try wallet.export(aid, withDelegators: true, withWaiting: false, allowsUnknown: true)
        guard !log.isEmpty, let state = try wallet.keyState(of: aid) else { return }
        await withTaskGroup(of: Void.self) { group in
            for witness in state.witnesses {
                guard let url = webAddress(of: witness) else { continue }
                group.addTask { _ = await put(log, to: witness, at: url) }
            }
        }
    }

    private func webAddress(of witness: AID) -> PeerURL? {
        (try? wallet.locations(of: witness))?.first { $0.scheme != .tcp }
    }

    /// The receipt of one witness; nil when it gives none that verifies.
    private func receipt(
        _ ahead: AheadOfSeal, of witness: AID, at index: Int, _ foundation: [UInt8]
    ) async -> IndexedSignature? {
        guard let url = webAddress(of: witness), let key = witness.key else { return nil }
        if !foundation.isEmpty, await put(foundation, to: witness, at: url) != nil { return nil }
        var attachments = Attachments()
        attachments.controllerSignatures = ahead.signatures
        guard let groups = try? attachments.encoded(in: .text) else { return nil }
        let request = PeerRequest.message(
            ahead.event.bytes, groups, to: witness, at: url, path: "receipts", headerBytes: policy.headerBytes)
        guard let response = try? await peers.send(request), response.status == 200,
            let stored = try? StoredMessage(response.body)
        else { return nil }
        for couple in stored.attachments.nonTransferableReceipts where couple.key == witness.primitive {
            let signature = IndexedSignature(couple.signature, of: key, index: index)
            if let signature, key.verifies(signature.span, over: ahead.event.bytes.span) { return signature }
        }
        return nil
    }
}

/// An own event that waits for its delegator.
private struct AheadOfSeal: Sendable {
    let event: KeyEvent
    let signatures: [IndexedSignature]
    let receipts: [IndexedSignature]
    let witnesses: [AID]

    func isReceipted(by index: Int) -> Bool { receipts.contains { $0.index == index } }

    init?<Store: KeyEventStore>(_ aid: AID, _ wallet: Wallet<Store>) throws {
        guard let identifier = try wallet.book.load().first(where: { $0.aid == aid }),
            let (event, attachments) = try wallet.eventBeforeSeal(identifier), event.kind.needsDelegator,
            let stated = event.establishment
        else { return nil }
        let current = event.kind.isInception ? [] : try wallet.keyState(of: aid)?.witnesses ?? []
        witnesses = current.filter { !stated.witnessesCut.contains($0) } + stated.witnessesAdded
        signatures = attachments.controllerSignatures
        receipts = attachments.witnessSignatures
        self.event = event
    }
}

extension Wallet {
    /// An own event that waits, with what came for it since it was made: the book keeps it as it was made.
    func eventBeforeSeal(_ identifier: OwnedIdentifier) throws -> (KeyEvent, Attachments)? {
        guard let message = identifier.waitingEvent, let (event, attachments) = Self.parse(message) else { return nil }
        let kept = try store.read { transaction -> [UInt8]? in
            for reason in [EscrowReason.partialDelegation, .delegable] {
                let key = EscrowKey(reason: reason, aid: event.aid, sn: event.sn, said: event.said)
                if let entry = try transaction.escrow(key) { return entry.message }
            }
            return nil
        }
        return kept.flatMap(Self.parse) ?? (event, attachments)
    }
}
