// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Pieces of work that are compared: each once in every round, so that what else the machine does falls on all of them.
enum Contest {
    static let rounds = 5

    /// One piece of work.
    struct Entrant: Sendable {
        let name: String
        /// How many results one run gives.
        let count: Int
        let work: @Sendable () async throws -> Void

        init(_ name: String, _ count: Int, _ work: @escaping @Sendable () async throws -> Void) {
            self.name = name
            self.count = count
            self.work = work
        }
    }

    /// What one piece of work came to.
    struct Standing: Sendable {
        let count: Int
        var times: [Double] = []
        /// Of all threads.
        var processorTimes: [Double] = []
        var synchronisations: [Double] = []

        /// Seconds for one result, the median of the rounds.
        var seconds: Double { times.median / Double(count) }
        /// Seconds of processor time for one result: what a busy machine does not change much.
        var processorSeconds: Double { processorTimes.median / Double(count) }
        /// Results a second, with those of the slowest and of the fastest round.
        var rate: String {
            let rates = [times.median, times.max() ?? 0, times.min() ?? 0].map { grouped(Double(count) / $0) }
            return "\(rates[0])/s (\(rates[1]) to \(rates[2]))"
        }
        /// Synchronisations of the medium for one result.
        var cost: String {
            SyncCount.isCounted
                ? "\(rounded(synchronisations.median / Double(count))) synchronisations each" : "uncounted"
        }
    }

    /// Runs the rounds.
    static func run(_ entrants: [Entrant]) async throws -> [String: Standing] {
        var standings: [String: Standing] = [:]
        for _ in 0..<rounds {
            for entrant in entrants {
                let synchronised = SyncCount.now
                let processor = processorSeconds
                let start = ContinuousClock.now
                try await entrant.work()
                let seconds = (ContinuousClock.now - start).inSeconds
                standings[entrant.name, default: Standing(count: entrant.count)].times.append(seconds)
                standings[entrant.name]?.processorTimes.append(processorSeconds - processor)
                standings[entrant.name]?.synchronisations.append(Double(SyncCount.now - synchronised))
            }
        }
        return standings
    }

    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// How often this process asked the medium for a synchronisation, where `scripts/power/sync_counter.c` is loaded.
enum SyncCount {
    static var isCounted: Bool { path != nil }

    static var now: Int {
        guard let path, let bytes = try? readFile(path), bytes.count >= 8 else { return 0 }
        return bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    private static let path = getenv("SYNC_COUNT").map { String(cString: $0) }
}
