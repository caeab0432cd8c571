// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import KERI

/// One case of `kel_valid.json` or `kel_invalid.json`: messages that are fed one by one to a fresh receiver.
struct KELCase: Decodable, CustomTestStringConvertible, Sendable {
    struct Step: Decodable, Sendable {
        let n: Int
        let note: String
        let message: Blob
        let expect: Expectation
        let strict: Strict?
        /// Recorded inside `expect`.
        var afterPass: Expectation.States? { expect.afterPass }
    }

    struct Strict: Decodable, Sendable {
        let accept: Bool
        let why: String
    }

    struct Expectation: Decodable, Sendable {
        struct States: Decodable, Sendable {
            let state: [String: JSONValue?]
            let escrows: [String: [String]]
        }

        let outcome: String
        let unconsumed: Int
        let states: States
        let afterPass: States?

        enum CodingKeys: String, CodingKey {
            case outcome, unconsumed
            case afterPass = "after_escrow_pass"
        }

        init(from decoder: any Decoder) throws {
            let box = try decoder.container(keyedBy: CodingKeys.self)
            outcome = try box.decode(String.self, forKey: .outcome)
            unconsumed = try box.decode(Int.self, forKey: .unconsumed)
            afterPass = try box.decodeIfPresent(States.self, forKey: .afterPass)
            states = try States(from: decoder)
        }
    }

    struct Final: Decodable, Sendable {
        struct Entry: Decodable, Sendable, Hashable {
            let fn: Int
            let s: String
            let t: String
            let d: String
        }

        let firstSeenLog: [String: [Entry]]

        enum CodingKeys: String, CodingKey { case firstSeenLog = "first_seen_log" }
    }

    let name: String
    let description: String
    let about: [String]
    let cloned: Bool
    let steps: [Step]
    let final: Final

    var testDescription: String { name }

    private struct File: Decodable {
        let cases: [KELCase]
    }

    static func load(_ file: String) -> [KELCase] {
        do { return try Vectors.decode(File.self, from: "KERI/\(file)").cases } catch {
            Issue.record("\(file): \(error)")
            return []
        }
    }
}

/// Any JSON value, compared by content.
enum JSONValue: Decodable, Hashable, Sendable {
    case null
    case boolean(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case map([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let box = try decoder.singleValueContainer()
        if box.decodeNil() {
            self = .null
        } else if let value = try? box.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? box.decode(Double.self) {
            self = .number(value)
        } else if let value = try? box.decode(String.self) {
            self = .text(value)
        } else if let value = try? box.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .map(try box.decode([String: JSONValue].self))
        }
    }

    init(_ value: OrderedValue) {
        switch value {
        case .null: self = .null
        case .boolean(let value): self = .boolean(value)
        case .integer(let text), .float(let text): self = .number(Double(text) ?? .nan)
        case .text(let text): self = .text(text)
        case .bytes(let bytes): self = .list(bytes.map { .number(Double($0)) })
        case .list(let list): self = .list(list.map(JSONValue.init))
        case .map(let map):
            self = .map(Dictionary(map.members.map { ($0.label, JSONValue($0.value)) }) { first, _ in first })
        }
    }
}

/// From keripy 1.1.17's names of escrows to ours. A name without a counterpart fails the test that meets it.
///
/// 1.1.17 has no escrow of its own for delegated events without a seal; it keeps them with the partially signed.
let escrowNames: [String: Set<EscrowReason>] = [
    "ooo": [.outOfOrder],
    "partial-sig": [.partialSignatures, .partialDelegation],
    "partial-wit": [.partialWitnesses],
    "likely-duplicitous": [.likelyDuplicitous],
    "unver-wit-receipt": [.unverifiedWitnessReceipt],
    "unver-nontrans-receipt": [.unverifiedReceipt],
    "unver-trans-receipt": [.unverifiedTransferableReceipt],
]

/// `deviations.json`: where we differ from keripy on purpose, with the section of the facts that justifies it.
struct Deviations: Decodable {
    struct KEL: Decodable {
        let file: String
        let `case`: String
        let facts: String
        let why: String
        let steps: [Step]
    }

    struct Step: Decodable {
        let n: Int
        /// What we say; `rejected`, `accepted` and so on. Nil when only state or escrows differ, following from an
        /// earlier step.
        let outcome: String?
        let unconsumed: Int?
        let sn: [String: String?]?
        let escrows: [String: [String]]?
        /// Digests of the events in the order of acceptance at the end of the case.
        let log: [String: [String]]?
    }

    let kel: [KEL]

    enum CodingKeys: String, CodingKey { case kel }

    static let all: Deviations? = try? Vectors.decode(Deviations.self, from: "KERI/deviations.json")

    static func step(_ name: String, _ n: Int) -> Step? {
        all?.kel.first { $0.case == name }?.steps.first { $0.n == n }
    }
}
