// SPDX-License-Identifier: Apache-2.0

internal import KelmarkConcurrency
public import Logging
internal import SPIFFE

/// Asks every attestor at once what it finds of a process. Facts (SPIFFE) 20.5.
public struct WorkloadAttestation: Sendable {
    private let attestors: [any WorkloadAttestor]
    private let clock: any AgentClock
    private let threads: BlockingThreads
    private let patience: Duration
    private let logger: Logger
    private let showsSelectors: Bool
    private let limit = ExplanationLimit()

    /// - Parameters:
    ///   - attestors: whom to ask.
    ///   - clock: measures patience.
    ///   - threads: where processes are looked at.
    ///   - logger: for the operator; callers learn nothing of why.
    ///   - patience: how long each may take.
    ///   - showsSelectors: whether the log names what was found.
    public init(
        _ attestors: [any WorkloadAttestor], clock: any AgentClock, threads: BlockingThreads, logger: Logger,
        patience: Duration = .seconds(35), showsSelectors: Bool = false
    ) {
        self.attestors = attestors
        self.clock = clock
        self.threads = threads
        self.patience = patience
        self.logger = logger
        self.showsSelectors = showsSelectors
    }

    /// What is found of a process that a delegate names by its number.
    /// - Throws: ``WorkloadDenial/attestationFailed``.
    func selectors(ofPID pid: Int32, in table: ProcessTable) async throws(WorkloadDenial) -> Set<Selector> {
        let found: Result<ProcessHandle, any Error> = await BlockingThreads.$caller.withValue(UInt32.max) {
            do {
                return .success(try await threads.run { try ProcessHandle(pid: pid, in: table) })
            } catch {
                return .failure(error)
            }
        }
        switch found {
        case .success(let process): return try await selectors(of: process)
        case .failure(let error):
            warn("No such process", of: nil, ["pid": "\(pid)", "error": "\(error)"])
            throw .attestationFailed
        }
    }

    /// What is found of a process that is the same before and after.
    /// - Throws: ``WorkloadDenial/attestationFailed`` when no attestor succeeds, or the process is another one by then.
    func selectors(of process: ProcessHandle) async throws(WorkloadDenial) -> Set<Selector> {
        // Whoever asks a lot waits in a line of his own, whichever attestor it is that reads for him.
        let found: Result<Set<Selector>, WorkloadDenial> = await BlockingThreads.$caller.withValue(
            process.credentials.uid
        ) {
            do throws(WorkloadDenial) {
                return .success(try await attest(process))
            } catch {
                return .failure(error)
            }
        }
        return try found.get()
    }

    private func attest(_ process: ProcessHandle) async throws(WorkloadDenial) -> Set<Selector> {
        try await check(process)
        let answers = await withTaskGroup(of: Set<Selector>?.self) { group in
            for attestor in attestors {
                group.addTask { await self.ask(attestor, about: process) }
            }
            var answers: [Set<Selector>] = []
            for await answer in group { if let answer { answers.append(answer) } }
            return answers
        }
        guard !answers.isEmpty else { throw .attestationFailed }
        try await check(process)
        let found = answers.reduce(into: Set()) { $0.formUnion($1) }
        if showsSelectors {
            logger.ofCall.debug(
                "Workload attested",
                metadata: [
                    "pid": "\(process.pid)", "selectors": .array(found.sorted().map { .string($0.description) }),
                ])
        }
        return found
    }

    private func check(_ process: ProcessHandle) async throws(WorkloadDenial) {
        do {
            try await threads.run { try process.check() }
        } catch {
            warn(
                "Caller is not who it was", of: process.credentials.uid,
                ["pid": "\(process.pid)", "error": "\(error)"])
            throw .attestationFailed
        }
    }

    private func ask(_ attestor: any WorkloadAttestor, about process: ProcessHandle) async -> Set<Selector>? {
        do {
            return try await clock.within(patience) { try await attestor.selectors(of: process) }
        } catch {
            warn(
                "Attestor failed", of: process.credentials.uid,
                ["attestor": "\(attestor.name)", "pid": "\(process.pid)", "error": "\(error)"])
            return nil
        }
    }

    private func warn(_ message: Logger.Message, of uid: UInt32?, _ fields: Logger.Metadata) {
        logger.ofCall.log(level: .warning, message, within: limit, at: clock.now(), of: uid) { fields }
    }
}
