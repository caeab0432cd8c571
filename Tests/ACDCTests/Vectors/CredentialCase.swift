// SPDX-License-Identifier: Apache-2.0

import KERI
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import ACDC

/// One case of `acdc.json`: messages that are fed one by one to a fresh receiver.
struct CredentialCase: Decodable, CustomTestStringConvertible, Sendable {
    struct Step: Decodable, Sendable {
        let n: Int
        let note: String
        let message: Blob
        let learnSchemas: [String]
        let expect: Expectation
        let strict: Strict?

        enum CodingKeys: String, CodingKey {
            case n, note, message, expect, strict
            case learnSchemas = "learn_schemas"
        }
    }

    /// What a correct verifier does where keripy is wrong.
    struct Strict: Decodable, Sendable {
        /// Nil in steps that differ only because an earlier one does.
        let accept: Bool?
        let why: String
    }

    struct Expectation: Decodable, Sendable {
        struct States: Decodable, Sendable {
            let registries: [String: Registry?]
            let credentials: [String: Verdict]
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

    struct Registry: Decodable, Hashable, Sendable {
        let s: String
        let d: String
        let ii: String
        let bt: String
        let b: [String]
        let noBackers: Bool
    }

    struct Verdict: Decodable, Hashable, Sendable {
        struct Anchor: Decodable, Hashable, Sendable {
            let s: Int
            let d: String
        }

        struct Status: Decodable, Hashable, Sendable {
            let s: String
            let d: String
            let et: String
            let ri: String
            let a: Anchor
            let dt: String
        }

        let saved: Bool
        let escrow: [String]
        let status: Status?
    }

    struct Schema: Decodable, Sendable {
        let said: String
        let raw: Blob
    }

    let name: String
    let schemas: [String]
    let steps: [Step]

    var testDescription: String { name }

    struct File: Decodable, Sendable {
        let schemas: [Schema]
        let cases: [CredentialCase]
    }

    static let file: File? = {
        do { return try Vectors.decode(File.self, from: "KERI/acdc.json") } catch {
            Issue.record("acdc.json: \(error)")
            return nil
        }
    }()
}

/// `deviations.json`, part `credentials`: where we differ from keripy on purpose, with the section of the facts that
/// justifies it.
struct CredentialDeviation: Decodable, Sendable {
    struct Step: Decodable, Sendable {
        let n: Int
        /// What we say of the message of the step; nil where only what follows from an earlier step differs.
        let outcome: String?
        /// The escrows of credentials that differ.
        let escrows: [String: [String]]?
    }

    let `case`: String
    let facts: String
    let why: String
    let steps: [Step]

    private struct File: Decodable { let credentials: [CredentialDeviation] }

    static let all: [CredentialDeviation] = {
        do { return try Vectors.decode(File.self, from: "KERI/deviations.json").credentials } catch {
            Issue.record("deviations.json: \(error)")
            return []
        }
    }()

    static func step(_ name: String, _ n: Int) -> Step? {
        all.filter { $0.case == name }.flatMap(\.steps).first { $0.n == n }
    }
}
