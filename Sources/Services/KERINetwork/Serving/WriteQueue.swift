// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import Synchronization

/// Lets one writer at a time at a store, on a thread that may wait for the disk; who comes meanwhile lines up without
/// holding a thread, and all who wait share the next transaction, so that one synchronisation of the medium serves many.
///
/// Each of them is undone alone: when one throws, the transaction is undone and everybody gets one of his own. So the
/// bodies may run twice and must do nothing but write to the store.
actor WriteQueue<Store: KeyEventStore> {
    private struct Job: Sendable {
        let run: @Sendable (inout Store.Transaction) throws -> Void
        let fail: @Sendable (any Error) -> Void
        /// Has transactions of its own.
        var alone: (@Sendable () throws -> Void)?
    }

    private enum Turn { case leads, done }

    private let store: Store
    private let most: Int
    private var isBusy = false
    private var line: [(job: Job, turn: CheckedContinuation<Turn, Never>)] = []

    /// - Parameter most: how many share a transaction at most.
    init(_ store: Store, most: Int = 256) {
        self.store = store
        self.most = max(1, most)
    }

    /// Runs `body` in a transaction that it may share; what it wrote is durable when this returns.
    func run<R: Sendable>(_ body: @escaping @Sendable (inout Store.Transaction) throws -> R) async throws -> R {
        let result = Answer<R>()
        try await take(
            Job(
                run: { transaction in result.set(.success(try body(&transaction))) }, fail: { result.set(.failure($0)) }
            ))
        return try result.get()
    }

    /// Runs `body`, which opens transactions itself, while nobody else writes.
    func runAlone<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        let result = Answer<R>()
        try await take(
            Job(
                run: { _ in }, fail: { result.set(.failure($0)) },
                alone: { result.set(.success(try body())) }))
        return try result.get()
    }

    private func take(_ job: Job) async throws {
        if isBusy {
            guard await withCheckedContinuation({ line.append((job, $0)) }) == .leads else { return }
        } else {
            isBusy = true
        }
        let shared = job.alone == nil ? line.prefix(most - 1).prefix { $0.job.alone == nil } : []
        line.removeFirst(shared.count)
        await Self.perform([job] + shared.map(\.job), at: store)
        for one in shared { one.turn.resume(returning: .done) }
        if line.isEmpty {
            isBusy = false
        } else {
            line.removeFirst().turn.resume(returning: .leads)
        }
    }

    @concurrent private static func perform(_ jobs: [Job], at store: Store) async {
        if let alone = jobs[0].alone {
            do { try alone() } catch { jobs[0].fail(error) }
            return
        }
        do {
            try store.write { transaction in
                for job in jobs { try job.run(&transaction) }
            }
        } catch {
            guard jobs.count > 1 else { return jobs[0].fail(error) }
            for job in jobs {
                do { try store.write { try job.run(&$0) } } catch { job.fail(error) }
            }
        }
    }
}

/// What a job came to.
private final class Answer<R: Sendable>: Sendable {
    private struct Missing: Error {}

    private let result = Mutex<Result<R, any Error>>(.failure(Missing()))

    func set(_ value: Result<R, any Error>) { result.withLock { $0 = value } }
    func get() throws -> R { try result.withLock { $0 }.get() }
}
