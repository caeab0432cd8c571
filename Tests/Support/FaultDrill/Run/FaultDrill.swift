// SPDX-License-Identifier: Apache-2.0

internal import HTTPTransport
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite

/// A controller, six witnesses in processes of their own of which five are in force, and everything that can go wrong
/// between them. Each event must reach its threshold or be shown as waiting; when all is well again all logs must be the
/// same, and no witness may ever have signed two events at one place.
package final class FaultDrill {
    package struct Options: Sendable {
        package var events = 1000
        package var threshold: UInt32 = 3
        package var seed: UInt64
        /// Whether one witness loses its store half way, which the checks must notice.
        package var wipes = false
        /// The `kelmark` binary.
        package var binary: String
        /// Where everything is kept.
        package var folder: String

        package init(seed: UInt64, binary: String, folder: String) {
            self.seed = seed
            self.binary = binary
            self.folder = folder
        }
    }

    let options: Options
    let schedule: FaultSchedule
    let controller: DrillController
    let ledger = ReceiptLedger()
    var witnesses: [DrillWitness] = []
    var troubled: [Int] = []
    var numbers = DrillNumbers()
    private var random: SeededGenerator
    /// The witnesses in force at each place, by number.
    private(set) var lists: [[Int]] = []
    private let say: (String) -> Void

    /// How long one request may take; a late answer is late by four times that.
    private static let patience = Duration.milliseconds(400)

    package init(_ options: Options, say: @escaping (String) -> Void) throws {
        self.options = options
        self.say = say
        schedule = FaultSchedule(events: options.events, seed: options.seed)
        random = SeededGenerator(seed: options.seed &+ 1)
        var policy = DeliveryPolicy()
        policy.timeout = Self.patience
        policy.attempts = 2
        policy.firstPause = .milliseconds(20)
        controller = try DrillController(home: "\(options.folder)/controller", policy: policy)
    }

    /// Runs the drill.
    /// - Throws: when it can't go on; what it found wrong is in the numbers.
    package func run() async throws -> DrillNumbers {
        defer { for witness in witnesses { witness.abandon() } }
        do {
            try await prepare()
            try await withThrowingTaskGroup { group in
                for witness in witnesses {
                    let proxy = witness.proxy
                    group.addTask { try await proxy.run() }
                }
                let result: Result<Void, any Error>
                do { result = .success(try await play()) } catch { result = .failure(error) }
                group.cancelAll()
                try result.get()
            }
        } catch {
            await controller.transport.shutdown()
            throw error
        }
        await controller.transport.shutdown()
        try compareStores()
        numbers.requests = witnesses.reduce(0) { $0 + $1.proxy.requests }
        for witness in witnesses { numbers.requestsHit.merge(witness.proxy.counts, uniquingKeysWith: +) }
        numbers.findings += ledger.conflicts.map { Finding(.doubled, $0) }
        return numbers
    }

    /// Makes home folders, AIDs and proxies.
    private func prepare() async throws {
        var made: [(program: Program, aid: AID)] = []
        for number in 0..<schedule.witnesses {
            let folder = "\(options.folder)/w\(number)"
            try FileText.makeFolder(folder)
            try FileText.write(Array("soak soak soak\n".utf8), to: "\(folder)/passphrase")
            let program = Program(
                binary: options.binary, home: "\(folder)/home", log: "\(folder)/log",
                passphrase: "\(folder)/passphrase")
            _ = try await program.run(["init"])
            let text = try await program.run(["id", "create", "w\(number)", "--non-transferable"])
            let bytes = Array(text.utf8.prefix { $0 != 0x0A })
            guard let value = try? OrderedValue(parsing: bytes.span, format: .json),
                let aid = value.mapValue?["data"]?.mapValue?["aid"]?.textValue.flatMap({ AID($0) })
            else { throw DrillFailure("kelmark id create answers \(text)") }
            made.append((program, aid))
        }
        for (number, (program, aid)) in made.enumerated() {
            let port = try Ports.free()
            guard let direct = PeerURL(scheme: .http, host: "127.0.0.1", port: port) else { continue }
            let proxy = try await FaultyProxy(
                upstream: Int(port), seed: options.seed &+ UInt64(number) &+ 2, lateness: Self.patience * 4
            ) { [ledger] in ledger.note(answer: $0, of: aid) }
            witnesses.append(
                DrillWitness(
                    number: number, name: "w\(number)", aid: aid, proxy: proxy, direct: direct, program: program))
        }
    }

    // MARK: The story

    private func play() async throws {
        for witness in witnesses {
            try await witness.start(controller.transport)
            guard let oobi = OOBI("http://127.0.0.1:\(witness.proxy.port)/oobi/\(witness.aid)/controller") else {
                throw DrillFailure("no introduction of \(witness.name)")
            }
            _ = try await controller.introducer.follow(oobi)
        }
        say("\(witnesses.count) witnesses are up, threshold \(options.threshold)")
        let aids = witnesses.map(\.aid)
        var inForce = Array(witnesses.indices.dropLast())
        for (number, step) in schedule.steps.enumerated() {
            if step.heals { try await heal() }
            if case .swap(let cut, let added) = step.kind {
                inForce.removeAll { $0 == cut }
                inForce.append(added)
                numbers.swaps += 1
            }
            if step.kind == .rotation { numbers.rotations += 1 }
            lists.append(inForce)
            if options.wipes, number == options.events / 2 { try await wipe(witnesses[inForce[0]]) }
            let authored = try await controller.make(
                step.kind, number: number, witnesses: aids, threshold: options.threshold)
            numbers.events += 1
            try await deliver(authored, step.begins)
            if number % 10 == 9 { try await offerTwin(to: witnesses[inForce[number / 10 % inForce.count]]) }
            for witness in witnesses where witness.hasCrashed {
                throw DrillFailure("\(witness.name) ended by itself: see \(witness.program.log)")
            }
            if number % 100 == 99 { say("\(number + 1) events") }
        }
        try await heal()
        try await settle()
        for witness in witnesses {
            let code = try await witness.stop()
            if code != 0 { numbers.findings.append(Finding(.process, "\(witness.name) ended with \(code)")) }
        }
    }

    /// Delivers an event while things go wrong, until it has its receipts.
    private func deliver(_ authored: AuthoredEvent, _ begins: [FaultSchedule.Trouble]) async throws {
        let aid = authored.event.aid
        let receiptor = controller.receiptor
        async let first = receiptor.deliver(aid)
        for trouble in begins.sorted(by: { $0.delay < $1.delay }) {
            try await Task.sleep(for: .milliseconds(trouble.delay))
            try await begin(trouble)
        }
        var report = try await first
        numbers.deliveries += 1
        var tries = 1
        while !report.isMet {
            if tries == 1 { numbers.waiting += 1 }
            try await requireShown(authored)
            // As long as most witnesses are away nothing helps, so they come back behind the third try.
            if tries % 3 == 0 { try await heal() }
            guard tries < 30 else {
                numbers.findings.append(
                    Finding(.unmet, "event \(authored.event.sn): \(report.witnesses.map(\.result))"))
                throw DrillFailure("event \(authored.event.sn) gets no receipts")
            }
            tries += 1
            numbers.deliveries += 1
            numbers.retries += 1
            report = try await receiptor.deliver(aid)
        }
        guard try controller.wallet.settled(authored).outcome.isInLog else {
            numbers.findings.append(
                Finding(.unmet, "event \(authored.event.sn) has its receipts and is not in the log"))
            return
        }
    }

    /// An event without its receipts must be in the waiting list, and in what the command prints.
    private func requireShown(_ authored: AuthoredEvent) async throws {
        let items = try WaitingList(wallet: controller.wallet).items(of: authored.event.aid)
        let isListed = items.contains { item in
            guard case .event(let seal, _) = item.subject, seal.said == authored.event.said,
                case .receipts(let count, _) = item.missing
            else { return false }
            return count > 0
        }
        if isListed {
            numbers.shownByLibrary += 1
        } else {
            numbers.findings.append(Finding(.unshown, "event \(authored.event.sn), by the waiting list"))
        }
        let program = Program(
            binary: options.binary, home: "\(options.folder)/controller", log: "\(options.folder)/waiting",
            passphrase: "\(options.folder)/none")
        let text = try await program.run(["waiting"])
        if text.contains(authored.event.said.text) {
            numbers.shownByCommand += 1
        } else {
            numbers.findings.append(Finding(.unshown, "event \(authored.event.sn), by kelmark waiting: \(text)"))
        }
    }

    // MARK: Trouble

    private func begin(_ trouble: FaultSchedule.Trouble) async throws {
        let witness = witnesses[trouble.witness]
        guard !troubled.contains(trouble.witness) else { return }
        troubled.append(trouble.witness)
        numbers.troubles[trouble.fault, default: 0] += 1
        switch trouble.fault {
        case .killed: try await witness.kill()
        case .paused: witness.pause()
        default: witness.proxy.set(trouble.fault)
        }
    }

    /// Ends everything that is wrong.
    private func heal() async throws {
        for number in troubled {
            let witness = witnesses[number]
            witness.proxy.set(nil)
            if witness.isPaused { witness.resume() }
            if !witness.isUp {
                try await witness.restart(controller.transport)
                numbers.restarts += 1
                if try await remembers(witness) { numbers.restartsRemembered += 1 }
                try await offerTwin(to: witness)
            }
        }
        troubled = []
    }
}
