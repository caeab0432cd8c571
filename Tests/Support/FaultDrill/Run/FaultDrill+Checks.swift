// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import HTTPTransport
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite
private import Synchronization

extension FaultDrill {
    private var aid: AID { get throws { try controller.controller.aid } }

    // MARK: While it runs

    /// Whether a witness that came back still gives the last receipt that it gave before.
    func remembers(_ witness: DrillWitness) async throws -> Bool {
        guard let last = ledger.latest(by: witness.aid, of: try aid) else { return true }
        let request = PeerRequest(
            .get, witness.direct, target: "/receipts?pre=\(try aid)&sn=\(last.sn.value)")
        let answer = try await controller.transport.send(request, timeout: .seconds(20), limit: 1 << 20)
        var reader = StreamReader()
        if answer.status == 200, case .message(let frame) = reader.next(in: answer.body.span),
            frame.attachments.witnessSignatures.contains(where: { $0.raw == last.given.signature })
        {
            return true
        }
        numbers.findings.append(
            Finding(.lost, "\(witness.name) came back without its receipt of event \(last.sn): \(answer.status)"))
        return false
    }

    /// Offers a witness a second event at the last place that it has receipted; it must say no.
    func offerTwin(to witness: DrillWitness) async throws {
        guard witness.isUp, !witness.isPaused, let last = ledger.latest(by: witness.aid, of: try aid),
            let twin = try await controller.twin(of: try aid, at: last.sn, said: last.given.said)
        else { return }
        numbers.twins += 1
        let request = PeerRequest(
            .post, witness.direct, target: "/receipts",
            headers: [
                ("Content-Type", "application/cesr+json"),
                ("CESR-ATTACHMENT", String(decoding: twin.attachments, as: UTF8.self)),
            ], body: twin.body)
        let answer = try await controller.transport.send(request, timeout: .seconds(20), limit: 1 << 20)
        ledger.note(stream: answer.body, of: witness.aid)
        if answer.status == 409 { numbers.twinsRefused += 1 }
    }

    /// The planted fault: a witness loses its store, learns the log up to the last event, and meets a twin of that.
    func wipe(_ witness: DrillWitness) async throws {
        try await witness.kill()
        try FileText.removeStore(witness.store)
        try await witness.restart(controller.transport)
        _ = try await remembers(witness)
        guard let last = ledger.latest(by: witness.aid, of: try aid) else { return }
        let known = try controller.records(of: try aid).filter { $0.sn < last.sn }
        try await put(known.reduce(into: []) { $0 += try LogReplay.message(of: $1) }, to: witness)
        try await offerTwin(to: witness)
    }

    private func put(_ stream: [UInt8], to witness: DrillWitness) async throws {
        let request = PeerRequest(
            .put, witness.direct, target: "/", headers: [("Content-Type", "application/cesr")], body: stream)
        let answer = try await controller.transport.send(request, timeout: .seconds(120), limit: 1 << 20)
        guard answer.status == 204 else { throw DrillFailure("\(witness.name) answers \(answer.status) to a log") }
    }

    // MARK: When all is well again

    /// Delivers until every witness in force has everything, hands the log to the one that is not, and fetches what
    /// receipts went astray.
    func settle() async throws {
        var tries = 0
        var open: [DeliveryReport.Witness] = []
        var isTold = false
        repeat {
            tries += 1
            let report = try await controller.receiptor.deliver(try aid)
            numbers.deliveries += 1
            open = report.witnesses.filter { $0.result != .receipted }
            isTold = report.isTold
        } while !(open.isEmpty && isTold) && tries < 20
        for one in open {
            let name = witnesses.first { $0.aid == one.aid }?.name ?? ""
            numbers.findings.append(Finding(.differs, "\(name) does not take the log: \(one.result)"))
        }
        let log = try LogReplay.stream(of: try aid, from: controller.wallet.store)
        for witness in witnesses where !(lists.last ?? []).contains(witness.number) { try await put(log, to: witness) }

        let atFirst = try held()
        let cursors = MemoryMailCursors()
        let (wallet, clock) = (controller.wallet, controller.clock)
        for witness in witnesses {
            do {
                try await MailCollector(
                    wallet, transport: controller.transport, cursors: cursors, clock: clock
                ).collect(for: try aid, at: witness.aid, topics: ["/receipt"], idle: .seconds(1)) { _, message in
                    _ = try wallet.ingest(message, now: clock.now())
                }
            } catch {
                numbers.findings.append(Finding(.lost, "\(witness.name) gives no mail: \(error)"))
            }
        }
        let byMail = try held()
        numbers.receiptsByMail = byMail - atFirst
        try await askForReceipts()
        numbers.receiptsHeld = try held()
        numbers.receiptsAsked = numbers.receiptsHeld - byMail
        numbers.receiptsPossible = lists.reduce(0) { $0 + $1.count }
        numbers.receiptsSeen = ledger.seen
        if numbers.receiptsHeld != numbers.receiptsPossible {
            numbers.findings.append(
                Finding(.lost, "\(numbers.receiptsPossible - numbers.receiptsHeld) receipts never came"))
        }
    }

    private func held() throws -> Int {
        try controller.records(of: try aid).reduce(0) { $0 + $1.proof.witnessSignatures.count }
    }

    /// Fetches by position what delivery and mail have not brought.
    private func askForReceipts() async throws {
        for record in try controller.records(of: try aid) {
            let list = lists[Int(record.sn.value)]
            for (index, number) in list.enumerated()
            where !record.proof.witnessSignatures.contains(where: { $0.index == index }) {
                let request = PeerRequest(
                    .get, witnesses[number].direct, target: "/receipts?pre=\(record.aid)&sn=\(record.sn.value)")
                let answer = try await controller.transport.send(request, timeout: .seconds(20), limit: 1 << 20)
                guard answer.status == 200 else { continue }
                _ = try controller.wallet.ingest(answer.body, now: controller.clock.now())
            }
        }
    }

    // MARK: Behind the end of all processes

    /// Every store is sound and has the controller's log, event by event and byte by byte, and every receipt ever seen.
    func compareStores() throws {
        let reference = try controller.records(of: try aid)
        guard reference.count == options.events else {
            numbers.findings.append(
                Finding(.lost, "the controller has \(reference.count) of \(options.events) events"))
            return
        }
        for record in reference where record.proof.witnessSignatures.count < Int(options.threshold) {
            numbers.findings.append(
                Finding(.lost, "event \(record.sn) has \(record.proof.witnessSignatures.count) receipts"))
        }
        for witness in witnesses {
            let store = try SQLiteKeyEventStore(path: witness.store)
            // As somebody decides who has nothing but this log: also the receipts of others must be there.
            let verification = try store.verifyAll()
            if let problem = verification.problems.first {
                numbers.findings.append(
                    Finding(.lost, "\(witness.name): \(verification.problemCount) problems, first \(problem)"))
            }
            let records = try store.read { try $0.records(of: try aid, from: 0, limit: .max) }
            numbers.findings += LogComparison.findings(reference, records, at: witness.name)
            numbers.logsCompared += 1
            numbers.eventsCompared += records.count
            let given = ledger.given(by: witness.aid)
            numbers.receiptPlaces += given.count
            numbers.findings += LogComparison.findings(given, records, at: witness.name)
            for (record, list) in zip(records, lists) where list.contains(witness.number) {
                let index = list.firstIndex(of: witness.number)
                if !record.proof.witnessSignatures.contains(where: { $0.index == index }) {
                    numbers.findings.append(Finding(.lost, "\(witness.name) has no receipt of its own of \(record.sn)"))
                }
            }
        }
    }
}
