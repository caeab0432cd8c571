// SPDX-License-Identifier: Apache-2.0

import KelmarkTestSupport
import SPIFFE
import Testing

@testable import NodeAgent

/// The cases `hint_filter` of the vectors: which entries are left where several have one hint.
struct HintVectorTests {
    struct Logic: Decodable {
        struct Case: Decodable, CustomTestStringConvertible, Sendable {
            struct Entry: Decodable, Sendable {
                let id: String
                let hint: String
                let createdAt: Int64

                enum CodingKeys: String, CodingKey {
                    case id, hint
                    case createdAt = "created_at"
                }
            }
            let name: String
            let entries: [Entry]
            let keep: [String]
            var testDescription: String { name }
        }
        let cases: [Case]

        enum CodingKeys: String, CodingKey {
            case cases = "hint_filter"
        }
    }

    static let cases = try! Vectors.decode(Logic.self, from: "SPIFFE/logic.json").cases

    @Test func countOfVectors() { #expect(Self.cases.count == 2) }

    @Test(arguments: cases)
    func keeps(vector: Logic.Case) throws {
        var state = CacheState(capacity: 10)
        var trust = state.trust
        try trust.setOwn(TestAuthority().bundle(sequence: 1)) { try TombstoneAuthority.make($0, at: Sample.now) }
        _ = state.apply(trust)
        _ = state.apply(
            EntryChanges(updated: vector.entries.map { Sample.entry($0.id, createdAt: $0.createdAt, hint: $0.hint) }))
        let kept = state.identities([Sample.web], isDelegated: false, at: Sample.now)
        #expect(Set(kept.map(\.id)) == Set(vector.keep))
        #expect(kept.count == vector.keep.count)
    }
}
