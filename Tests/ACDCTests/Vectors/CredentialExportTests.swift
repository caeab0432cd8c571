// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import ACDC

/// Streams in which credentials are handed over: read to what keripy saved, and written again with the same messages.
struct CredentialExportTests {
    /// What became of the credentials of each file, in the order of the file and then of the escrows.
    static let files: [(name: String, credentials: Int, rejected: Int)] = [
        ("export/chained-I2I.cesr", 4, 2), ("export/private-uuid.cesr", 1, 0), ("export/registry-backers.cesr", 1, 0),
        ("export/targeted-with-rules.cesr", 2, 0), ("export/untargeted-issue-revoke.cesr", 1, 0),
        ("live/kli-vc-export-demo.cesr", 1, 0), ("live/kli-vc-export-full.cesr", 1, 0),
    ]

    private func store() throws -> MemoryCredentialStore {
        let store = MemoryCredentialStore()
        for schema in CredentialCase.file?.schemas ?? [] {
            try CredentialProcessor(store: store).learn(CredentialSchema(parsing: schema.raw.bytes))
        }
        return store
    }

    /// Reads a stream; returns the credentials that were rejected and those that wait.
    private func read(_ stream: [UInt8], into store: MemoryCredentialStore) throws -> (rejected: Int, waiting: Int) {
        var processor = CredentialStreamProcessor(CredentialProcessor(store: store))
        var rejected = 0
        try processor.process(stream, now: RegistryScene.now) { report in
            switch report.result {
            case .unreadable, .unreadableCredential, .fault: Issue.record("\(report)")
            case .credential(_, let judgement):
                if case .rejected = judgement.outcome { rejected += 1 }
            case .registryEvent(_, _, let outcome):
                if case .rejected = outcome { Issue.record("\(report)") }
            case .keyEvents(_, _, let outcome):
                if case .rejected = outcome { Issue.record("\(report)") }
            }
        }
        let waiting = try store.read(credentials: {
            $0.credentialEscrowCount(isVerified: true, issuer: nil)
                + $0.credentialEscrowCount(isVerified: false, issuer: nil)
        })
        return (rejected, waiting)
    }

    @Test(arguments: files) func imports(_ name: String, _ credentials: Int, _ rejected: Int) throws {
        let store = try store()
        let stream = try Vectors.data("KERI/\(name)")
        let result = try read(stream, into: store)
        let saved = try store.read(credentials: { $0.credentials(.init(), after: nil, limit: 99) })
        #expect(saved.count == credentials)
        #expect(result.waiting == 0)
        #expect(result.rejected == rejected)
    }

    /// What is written is read by an empty receiver to the same state.
    @Test(arguments: files) func exportsAreComplete(_ name: String, _ credentials: Int, _ rejected: Int) throws {
        let source = try store()
        _ = try read(try Vectors.data("KERI/\(name)"), into: source)
        let saved = try source.read(credentials: { $0.credentials(.init(), after: nil, limit: 99) })
        for record in saved {
            let said = record.credential.said
            let stream = try source.read(credentials: { try CredentialExport.stream(of: said, in: $0) })
            let receiver = try store()
            let result = try read(stream, into: receiver)
            #expect(result.waiting == 0)
            let (known, told) = (try verdict(of: said, in: source), try verdict(of: said, in: receiver))
            if known.state == .edgeRevoked {
                // Whoever hears of the revocation first never accepts what builds upon it.
                #expect(told.state == .unknown && result.rejected == 1)
            } else {
                #expect(known == told)
            }
        }
    }

    private func verdict(of said: SAID, in store: MemoryCredentialStore) throws -> CredentialVerdict {
        try store.read(credentials: { try $0.verdict(of: said) })
    }

    /// A real kli wrote the file; ours has the same messages, byte for byte.
    @Test func exportsAsKliDoes() throws {
        let stream = try Vectors.data("KERI/live/kli-vc-export-full.cesr")
        let source = try store()
        var processor = CredentialStreamProcessor(
            CredentialProcessor(store: source), policy: ProcessingPolicy(trustsReplayTimes: true))
        var said: SAID?
        try processor.process(stream, now: RegistryScene.now) { report in
            if case .credential(let found, _) = report.result { said = found }
        }
        let credential = try #require(said)
        let written = try source.read(credentials: { try CredentialExport.stream(of: credential, in: $0) })
        #expect(String(decoding: written, as: UTF8.self) == String(decoding: stream, as: UTF8.self))
    }

    /// Two ways lead to the same credential; every log and every credential is written once.
    @Test func everythingIsWrittenOnce() throws {
        let scene = RegistryScene()
        let schema = try RegistryScene.schema()
        try scene.processor.learn(schema)
        let state = try scene.registry()
        func credential(_ note: String, _ far: [Credential] = []) throws -> Credential {
            let credential = try scene.credential(
                note, by: state.issuer, in: state.registry, schema: schema.said, far: far)
            #expect(try scene.feedSealed(try scene.issuance(of: credential, in: state)) == .accepted)
            #expect(try scene.feed(credential) == .accepted)
            return credential
        }
        let far = try credential("far")
        let near = try credential("near", [try credential("left", [far]), try credential("right", [far])])
        let stream = try scene.store.read(credentials: { try CredentialExport.stream(of: near.said, in: $0) })
        let receiver = MemoryCredentialStore()
        try CredentialProcessor(store: receiver).learn(schema)
        var processor = CredentialStreamProcessor(CredentialProcessor(store: receiver))
        var accepted: [String: Int] = [:]
        try processor.process(stream, now: RegistryScene.now) { report in
            switch report.result {
            case .keyEvents(let kind, _, .accepted): accepted[kind.rawValue, default: 0] += 1
            case .registryEvent(let kind, _, .accepted): accepted[kind.rawValue, default: 0] += 1
            case .credential(_, let judgement) where judgement.outcome == .accepted:
                accepted["acdc", default: 0] += 1
            default: Issue.record("\(report)")
            }
        }
        #expect(accepted == ["icp": 1, "ixn": 5, "vcp": 1, "iss": 4, "acdc": 4])
    }

    @Test func whatIsNotHereCanNotBeExported() throws {
        let store = try store()
        let said = RegistryScene.said("unknown")
        #expect(throws: CredentialExport<MemoryCredentialTransaction>.Failure.unknownCredential(said)) {
            try store.read(credentials: { try CredentialExport.stream(of: said, in: $0) })
        }
        _ = try read(try Vectors.data("KERI/export/chained-I2I.cesr"), into: store)
        let chained = try #require(SAID("EMDU17AJC_s3spo3Y_tnda2_AauxFt9vNKaYDg6uki-Y"))
        #expect(throws: CredentialExport<MemoryCredentialTransaction>.Failure.tooMany) {
            try store.read(credentials: {
                try CredentialExport.stream(of: chained, in: $0, limits: ChainLimits(depth: 1))
            })
        }
    }
}
