// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import Testing

@testable import TrustBinding

/// Registries and credentials in a proof file: form only.
struct ProofFileCredentialTests {
    private let authority: FakeAuthority
    private let organisation: FakeController

    init() throws {
        organisation = FakeController(seed: 1, store: MemoryKeyEventStore())
        try organisation.incept()
        authority = try FakeAuthority(organisation: organisation, issuer: organisation.aid)
    }

    private func code(_ bytes: [UInt8]) -> ProofFileError.Code? {
        do {
            _ = try ProofFile(bytes)
            return nil
        } catch {
            return error.code
        }
    }

    private var registry: [UInt8] { authority.registry.messages.flatMap { $0 } }

    @Test func whatIsWrittenIsRead() throws {
        var writer = ProofFileWriter()
        writer.append(keyEventLog: organisation.log)
        writer.append(registry: registry)
        writer.append(credential: try authority.message())
        writer.append(schema: AuthoritySchema.bytes)
        let file = try ProofFile(try writer.finish())
        #expect(file.findings == [])
        #expect(file.parts.map(\.name.kind) == [.keyEventLog, .registry, .credential, .schema])
        #expect(
            file.parts.dropFirst().map(\.name.id)
                == [authority.registry.said.text, authority.said.text, AuthoritySchema.said])
        #expect(file.parts.map(\.count) == [3, 2, 1, 1])
        #expect(file.newestEvents.map(\.aid) == [organisation.aid.text])
        #expect(file.parts[1].transactions.map(\.event.kind) == [.registryInception, .issuance])
        #expect(file.parts[1].transactions.map(\.anchor.sn.value) == [1, 2])
        #expect(file.parts[2].presented?.issuance == authority.issuance.seal)
    }

    @Test func eachKindHasItsPlace() throws {
        let log = organisation.log
        let credential = try authority.message()
        var writer = ProofFileWriter()
        writer.append(schema: AuthoritySchema.bytes)
        let schema = try ProofFileWriter.bytes(of: try ProofFile(try writer.finish()).parts)
        #expect(code(log + registry + credential + schema) == nil)
        #expect(code(registry + log) == .unexpectedMessage)
        #expect(code(credential + registry) == .unexpectedMessage)
        #expect(code(credential + log) == .unexpectedMessage)
        #expect(code(schema + registry) == .unexpectedMessage)
        #expect(code(schema + credential) == .unexpectedMessage)
        #expect(code(registry + credential + credential) == .partRepeated)
        // The events of one registry stand together.
        let other = try FakeRegistry(owner: organisation, nonce: 2)
        #expect(code(registry + other.messages[0]) == nil)
        #expect(
            code(authority.registry.messages[0] + other.messages[0] + authority.registry.messages[1])
                == .logInterleaved)
    }

    @Test func eventsCarryTheirSealSourceAndNothingElse() throws {
        let event = authority.issuance
        let couple = SealSourceCouple(sn: 2, said: organisation.aid.primitive)
        func message(_ change: (inout Attachments) throws -> Void) throws -> [UInt8] {
            var attachments = Attachments()
            attachments.sealSourceCouples = [couple]
            try change(&attachments)
            // Something behind it, so that nothing looks cut off.
            return event.bytes + (try attachments.encoded()) + (try authority.message())
        }
        #expect(code(try message { _ in }) == nil)
        #expect(code(try message { $0.sealSourceCouples = [] }) == .eventMalformed)
        #expect(code(try message { $0.sealSourceCouples = [couple, couple] }) == .eventMalformed)
        #expect(
            code(
                try message {
                    $0.witnessSignatures = [
                        try IndexedSignature(code: .ed25519, index: 0, raw: [UInt8](repeating: 1, count: 64))
                    ]
                }) == .eventMalformed)
        // Wrapped in one group, as peers send it, it is the same.
        var wrapped = Attachments()
        wrapped.sealSourceCouples = [couple]
        #expect(code(event.bytes + (try wrapped.encoded(isWrapped: true))) == nil)
        var forged = event.bytes
        forged[forged.count - 4] ^= 1
        #expect(code(forged + (try wrapped.encoded())) == .eventMalformed)
    }

    @Test func credentialsCarryTheSealOfTheirIssuanceAndNothingElse() throws {
        let triple = SealSourceTriple(
            prefix: authority.said.primitive, sn: 0, said: authority.issuance.said.primitive)
        func message(_ change: (inout Attachments) throws -> Void) throws -> [UInt8] {
            var attachments = Attachments()
            attachments.sealSourceTriples = [triple]
            try change(&attachments)
            return authority.body + (try attachments.encoded())
        }
        #expect(code(try message { _ in }) == nil)
        #expect(code(try message { $0.sealSourceTriples = [triple, triple] }) == .credentialMalformed)
        #expect(
            code(
                try message {
                    $0.sealSourceCouples = [SealSourceCouple(sn: 0, said: organisation.aid.primitive)]
                }) == .credentialMalformed)
        var forged = try message { _ in }
        forged[200] ^= 1
        #expect(code(forged) == .credentialMalformed)
    }

    @Test func whatWasCutOffIsNoLie() throws {
        #expect(code(authority.issuance.bytes) == .truncated)
        #expect(code(authority.body) == .truncated)
        let whole = registry + (try authority.message())
        for count in stride(from: 1, to: whole.count, by: 3) {
            let found = code(Array(whole[..<count]))
            #expect(found == nil || found == .truncated, "\(count) \(String(describing: found))")
        }
    }

    @Test func schemasAreTrueToTheirSAID() throws {
        var forged = AuthoritySchema.bytes
        forged[forged.count - 30] ^= 1
        for bytes in [forged, Array("{}".utf8), Array("{\"$id\":1}".utf8), Array(AuthoritySchema.bytes.dropLast())] {
            let data = Base64URL.encodedString(bytes.span)
            let message = try #require(
                ProofFileFormat.address([
                    "v": "", "t": "km.part.1", "d": "", "kind": "schema", "data": .text(data),
                ]))
            #expect(code(message) == .partMalformed)
        }
        for kind: OrderedValue in ["registry", "credential"] {
            let message = try #require(
                ProofFileFormat.address(["v": "", "t": "km.part.1", "d": "", "kind": kind, "data": "AAAA"]))
            #expect(code(message) == .partMalformed)
        }
    }
}
