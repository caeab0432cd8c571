// SPDX-License-Identifier: Apache-2.0

/// Makes entries at a running issuer, over its socket for operators.
enum EntryLoad {
    /// What is made.
    struct Plan: Sendable {
        let trustDomain: String
        /// Under whom the entries stand.
        let parent: String
        /// Over how many numbered parents they are spread; 0: they all stand under the one.
        let nodes: Int
        let count: Int
        let perCall: Int
        /// Tells the identities of one plan from those of another.
        let name: String
    }

    /// Prints `entries COUNT SECONDS`.
    static func run(_ plan: Plan, socket: String) async throws {
        let messages = stride(from: 0, to: plan.count, by: plan.perCall).map { first in
            request(plan, first..<min(first + plan.perCall, plan.count))
        }
        let seconds = try await SocketClient.connected(to: socket) { client in
            _ = try await client.answer(.health)
            let start = ContinuousClock.now
            var made = 0
            for message in messages { made += try successes(in: try await client.answer(.createEntries, message)) }
            guard made == plan.count else { throw FixtureError() }
            return (ContinuousClock.now - start).inSeconds
        }
        print("entries", plan.count, seconds)
    }

    private static func request(_ plan: Plan, _ numbers: Range<Int>) -> [UInt8] {
        var message = WireMessage()
        for number in numbers {
            var entry = WireMessage()
            entry.put(2, id(plan.trustDomain, "/\(plan.name)/workload-\(number)"))
            entry.put(3, id(plan.trustDomain, plan.nodes > 0 ? "\(plan.parent)/\(number % plan.nodes)" : plan.parent))
            entry.put(4, selector("uid:\(100_000 + number)"))
            entry.put(4, selector("gid:\(1_000 + number % 100)"))
            message.put(1, entry)
        }
        return message.bytes
    }

    private static func id(_ trustDomain: String, _ path: String) -> WireMessage {
        var id = WireMessage()
        id.put(1, trustDomain)
        id.put(2, path)
        return id
    }

    private static func selector(_ value: String) -> WireMessage {
        var selector = WireMessage()
        selector.put(1, "unix")
        selector.put(2, value)
        return selector
    }

    /// How many of the results have no status but that of success.
    private static func successes(in answer: [UInt8]) throws -> Int {
        var count = 0
        for result in try WireField.all(in: answer[...]) where result.number == 1 {
            let status = try WireField.all(in: result.content).first { $0.number == 1 }
            let code = try WireField.all(in: status?.content ?? []).first { $0.number == 1 }?.value ?? 0
            if code == 0 { count += 1 }
        }
        return count
    }
}
