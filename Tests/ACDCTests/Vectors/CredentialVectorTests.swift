// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import ACDC

/// Every step of keripy 1.1.17's credential vectors: registries, what they say of credentials, what is saved, what waits.
struct CredentialVectorTests {
    @Test(arguments: CredentialCase.file?.cases ?? []) func agrees(_ credential: CredentialCase) throws {
        let receiver = try CredentialReceiver(credential)
        /// Credentials whose state differs from keripy's on purpose, with ours.
        var strict: [String: CredentialCase.Verdict] = [:]
        for step in credential.steps {
            let comment: Comment = "\(credential.name) step \(step.n): \(step.note)"
            let deviation = CredentialDeviation.step(credential.name, step.n)
            try receiver.learn(step.learnSchemas)
            let outcome = try receiver.feed(step.message.bytes)
            if let expected = deviation?.outcome { #expect(outcome == expected, comment) }
            if let verdict = step.strict {
                if let accept = verdict.accept { #expect((outcome == "accepted") == accept, comment) }
                for said in step.expect.states.credentials.keys {
                    let found = try receiver.verdict(of: said)
                    if found != step.expect.states.credentials[said] { strict[said] = found }
                }
            } else if deviation?.outcome == nil {
                #expect(Self.agrees(outcome, step.expect.outcome), "\(comment): \(outcome)")
            }
            try compare(receiver, step.expect.states, deviation, &strict, comment)
            if let after = step.expect.afterPass {
                try receiver.resume()
                try compare(receiver, after, deviation, &strict, "\(comment) after the pass")
            }
        }
    }

    /// keripy's exception that goes with an outcome.
    private static func agrees(_ outcome: String, _ exception: String) -> Bool {
        switch exception {
        case "ok": outcome == "accepted" || outcome == "duplicate"
        case "none": outcome == "none"
        case "MissingChainError": outcome == "missing-chain"
        case "MissingRegistryError": outcome == "missing-registry"
        case "MissingSchemaError": outcome == "missing-schema"
        case "MissingAnchorError": outcome == "missing-anchor"
        case "OutOfOrderError": outcome == "tel-out-of-order"
        case "MissingWitnessSignatureError": outcome == "partial-backers"
        case "LikelyDuplicitousError": outcome == "tel-likely-duplicitous"
        case "RevokedChainError": outcome == "edge-revoked"
        case "FailedSchemaValidationError": outcome == "schema-violated"
        case "ValidationError": outcome == "unreadable" || outcome == "wrong-backing"
        default: false
        }
    }

    private func compare(
        _ receiver: CredentialReceiver, _ expected: CredentialCase.Expectation.States,
        _ deviation: CredentialDeviation.Step?, _ strict: inout [String: CredentialCase.Verdict], _ comment: Comment
    ) throws {
        for (said, registry) in expected.registries { #expect(try receiver.registry(said) == registry, comment) }
        for (said, verdict) in expected.credentials {
            let wanted = CredentialCase.Verdict(
                saved: verdict.saved, escrow: deviation?.escrows?[said] ?? verdict.escrow, status: verdict.status)
            let found = try receiver.verdict(of: said)
            // From where both say the same again, only that counts.
            if found == wanted { strict[said] = nil } else { #expect(found == strict[said], comment) }
        }
    }

    @Test func runsEveryCaseOfTheFile() throws {
        let cases = try #require(CredentialCase.file).cases
        #expect(cases.count == 8)
        #expect(cases.reduce(0) { $0 + $1.steps.count } == 119)
        #expect(cases.flatMap(\.steps).filter { $0.strict != nil }.count == 6)
    }

    @Test func deviationsNameExistingStepsAndFacts() throws {
        let cases = try #require(CredentialCase.file).cases
        for deviation in CredentialDeviation.all {
            #expect(!deviation.facts.isEmpty && !deviation.why.isEmpty)
            let named = try #require(cases.first { $0.name == deviation.case })
            for step in deviation.steps { #expect(named.steps.contains { $0.n == step.n }) }
        }
    }
}

/// A fresh receiver: processors over a store in memory, and a clock that advances a second a step.
final class CredentialReceiver {
    private let store = MemoryCredentialStore()
    private var stream: CredentialStreamProcessor<MemoryCredentialStore>
    private var now = Timestamp("2024-03-01T00:00:00.000000+00:00") ?? Timestamp(seconds: 0)

    init(_ credential: CredentialCase) throws {
        stream = CredentialStreamProcessor(CredentialProcessor(store: store))
        try learn(credential.schemas)
    }

    func learn(_ saids: [String]) throws {
        for schema in CredentialCase.file?.schemas ?? [] where saids.contains(schema.said) {
            try stream.credentials.learn(CredentialSchema(parsing: schema.raw.bytes))
        }
    }

    /// Feeds exactly one message, as the vectors do, and names its outcome.
    func feed(_ bytes: [UInt8]) throws -> String {
        now = now.advanced(bySeconds: 1)
        var outcomes: [String] = []
        try stream.process(bytes, now: now, resumes: false) { report in
            let name =
                switch report.result {
                case .keyEvents(_, _, let outcome): Self.name(outcome)
                case .registryEvent(_, _, let outcome): Self.name(outcome)
                case .credential(_, let judgement): Self.name(judgement.outcome)
                case .unreadable, .unreadableCredential: "unreadable"
                case .fault(let fault): "fault \(fault.kind)"
                }
            outcomes.append(name)
        }
        return outcomes.isEmpty ? "none" : outcomes.joined(separator: " ")
    }

    private static func name(_ outcome: EventOutcome) -> String {
        switch outcome {
        case .accepted: "accepted"
        case .duplicate: "duplicate"
        case .verified: "verified"
        case .escrowed(let reason): reason.rawValue
        case .rejected(let reason): reason.rawValue
        }
    }

    static func name(_ outcome: CredentialOutcome) -> String {
        switch outcome {
        case .accepted: "accepted"
        case .duplicate: "duplicate"
        case .escrowed(let reason): reason.rawValue
        case .rejected(let reason): reason.rawValue
        }
    }

    func resume() throws {
        _ = try stream.events.resume(now: now)
        _ = try stream.credentials.resume(now: now)
    }

    func registry(_ name: String) throws -> CredentialCase.Registry? {
        guard let said = SAID(name), let state = try store.read(credentials: { $0.registry(said) }) else { return nil }
        return CredentialCase.Registry(
            s: state.sn.hex, d: state.event.text, ii: state.issuer.text,
            bt: String(state.backerThreshold, radix: 16), b: state.backers.map(\.text),
            noBackers: state.isBackerless)
    }

    /// What the receiver knows of a credential. keripy's view of the registry is one for all; here it is that of the one
    /// in which the credential was issued.
    func verdict(of name: String) throws -> CredentialCase.Verdict {
        guard let said = SAID(name) else { return .init(saved: false, escrow: [], status: nil) }
        return try store.read(credentials: { transaction in
            let credentialReasons: [CredentialEscrowReason] = [.missingRegistry, .missingSchema, .missingChain]
            let escrows = transaction.credentialEscrows(reason: nil, subject: said, after: nil, limit: .max)
                .map(\.entry.key.reason).filter { credentialReasons.contains($0) }
            let status = transaction.registriesIssuing(said, limit: 1).first
                .flatMap { transaction.status(of: said, in: $0) }
            return CredentialCase.Verdict(
                saved: transaction.credential(said) != nil, escrow: escrows.map(\.rawValue),
                status: status.map { status in
                    .init(
                        s: status.sn.hex, d: status.event.text, et: status.kind.rawValue, ri: status.registry.text,
                        a: .init(s: Int(status.anchor.sn.value), d: status.anchor.said.text),
                        dt: status.dated.description)
                })
        })
    }
}
