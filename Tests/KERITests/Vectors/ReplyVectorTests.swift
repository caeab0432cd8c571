// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import KERI

/// `replies.json`: signed replies, the tables of endpoints that follow, and which replies wait.
struct ReplyVectorTests {
    struct Step: CustomTestStringConvertible, Sendable {
        let name: String
        /// All steps of the case up to the one under test.
        let steps: [OrderedValue]

        var testDescription: String {
            "\(name) \(steps.count - 1): \(steps.last?["note"]?.textValue ?? "")"
        }
    }

    static let steps: [Step] = OrderedFile.rows("cases", of: "replies.json").flatMap { kase in
        let name = kase["name"]?.textValue ?? ""
        let all = kase["steps"]?.listValue ?? []
        return all.indices.map { Step(name: name, steps: Array(all[...$0])) }
    }

    @Test func runsEveryStepOfTheFile() {
        #expect(Set(Self.steps.map(\.name)).count == 3)
        #expect(Self.steps.count == 29)
    }

    /// What keripy's exceptions can be with us. `UnverifiedReplyError` covers what it escrows and what is stale.
    static let outcomes: [String: Set<String>] = [
        "ok": ["verified", "accepted"],
        "UnverifiedReplyError": [
            "partial-reply", Rejection.staleReply.rawValue, Rejection.wrongSigner.rawValue,
            Rejection.noValidSignature.rawValue,
        ],
        "ValidationError": [
            Rejection.badPayload.rawValue, Rejection.unknownRoute.rawValue, Rejection.noValidSignature.rawValue,
            Rejection.signerEventMismatch.rawValue,
        ],
    ]

    @Test(arguments: steps)
    func keepsTheBestData(_ step: Step) throws {
        let receiver = Receiver()
        // The replies are dated 2024-02-03; a fixed clock behind them.
        receiver.advanceClock(to: Timestamp("2024-02-04T00:00:00.000000+00:00"))
        var last: Receiver.Fed?
        for row in step.steps {
            last = try receiver.feed(try #require(row["message"]?.blob))
            if row["escrow_pass"] == true { try receiver.resume() }
        }
        let expected = try #require(step.steps.last?["expect"])
        let names = try #require(Self.outcomes[try expected.text("outcome")], "an outcome without a counterpart")
        let fed = try #require(last)
        #expect(names.contains(fed.summary), "\(fed.summary)")
        #expect(fed.unconsumed == expected["unconsumed"]?.integerValue)

        var ends: [String: Bool] = [:]
        var locations: [String: String] = [:]
        let aids =
            step.steps.flatMap { ($0["expect"]?["ends"]?.mapValue?.labels ?? []) }
            + step.steps.flatMap { ($0["expect"]?["locs"]?.mapValue?.labels ?? []) }
        for aid in Set(aids.compactMap { AID(String($0.prefix { $0 != "/" })) }) {
            for record in try receiver.store.read({ $0.replies(of: aid) }) {
                let key = "\(record.key.aid)/\(record.key.detail)"
                if record.key.route == "/end/role" { ends[key] = record.value == "true" }
                if record.key.route == "/loc/scheme" { locations[key] = record.value }
            }
        }
        let expectedEnds = try #require(expected["ends"]?.mapValue)
        #expect(
            ends
                == Dictionary(
                    uniqueKeysWithValues: expectedEnds.members.map {
                        ($0.label, $0.value["allowed"]?.booleanValue ?? false)
                    }))
        let expectedLocations = try #require(expected["locs"]?.mapValue)
        #expect(
            locations
                == Dictionary(
                    uniqueKeysWithValues: expectedLocations.members.map {
                        ($0.label, $0.value.textValue ?? "")
                    }))
        let waiting = Set(
            try receiver.store.read { $0.escrows(reason: .partialReply, aid: nil, limit: .max) }.map(\.key.source))
        let routes = Set((expected["escrowed_replies"]?.listValue ?? []).compactMap(\.textValue))
        if step.name == "end-role-multisig", step.steps.count == 3 {
            // keripy leaves the reply in its escrow when a later copy completes it; ours leaves at once.
            #expect(try receiver.store.read { $0.escrowCount(aid: nil) } == 0)
        } else {
            #expect(waiting == routes)
        }
    }
}
