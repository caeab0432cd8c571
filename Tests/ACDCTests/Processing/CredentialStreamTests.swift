// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import ACDC

@Suite("Streams with credentials")
struct CredentialStreamTests {
    private func outcomes(
        _ stream: [UInt8], into store: MemoryCredentialStore, batch: Int = 1
    ) throws -> (names: [String], resumed: [CredentialOutcome?]) {
        var processor = CredentialStreamProcessor(CredentialProcessor(store: store), batch: batch)
        var names: [String] = []
        var end = 0
        let resumption = try processor.process(stream, now: RegistryScene.now) { report in
            #expect(report.range.lowerBound == end)
            end = report.range.upperBound
            switch report.result {
            case .keyEvents(let kind, _, let outcome):
                names.append("\(kind.rawValue) \(outcome.isInLog ? "in log" : "\(outcome)")")
            case .registryEvent(let kind, _, let outcome): names.append("\(kind.rawValue) \(outcome)")
            case .credential(_, let judgement): names.append("acdc \(judgement.outcome)")
            case .unreadable: names.append("unreadable")
            case .unreadableCredential(let error): names.append("unreadable \(error.code)")
            case .fault(let fault): names.append("fault \(fault.kind)")
            }
        }
        #expect(end == stream.count)
        return (names, resumption.credentials.map(\.outcome))
    }

    private func store() throws -> MemoryCredentialStore {
        let store = MemoryCredentialStore()
        for schema in CredentialCase.file?.schemas ?? [] {
            try CredentialProcessor(store: store).learn(CredentialSchema(parsing: schema.raw.bytes))
        }
        return store
    }

    private func messages(_ name: String) throws -> [[UInt8]] {
        let stream = try Vectors.data("KERI/export/\(name).cesr")
        var reader = StreamReader()
        var messages: [[UInt8]] = []
        while case .message(let frame) = reader.next(in: stream.span) { messages.append(Array(stream[frame.range])) }
        return messages
    }

    private static let inOrder = [
        "icp in log", "ixn in log", "vcp accepted", "ixn in log", "iss accepted", "acdc accepted", "ixn in log",
        "rev accepted", "acdc duplicate",
    ]

    @Test(arguments: [1, 3, 100]) func eachIsDecidedInItsTurn(_ batch: Int) throws {
        let stream = try messages("untargeted-issue-revoke").flatMap { $0 }
        let found = try outcomes(stream, into: try store(), batch: batch)
        #expect(found.names == Self.inOrder && found.resumed.isEmpty)
    }

    @Test(arguments: [1, 3, 100]) func whatWaitsIsDecidedBehindWhatItWaitsFor(_ batch: Int) throws {
        let store = try store()
        let found = try outcomes(
            try messages("untargeted-issue-revoke").reversed().dropFirst().flatMap { $0 }, into: store, batch: batch)
        #expect(found.resumed.filter { $0 == .accepted }.count == 4)
        let state = try store.read(credentials: { transaction in
            (
                transaction.credentials(.init(), after: nil, limit: 9).count,
                transaction.credentialEscrows(reason: nil, subject: nil, after: nil, limit: 9).count
            )
        })
        #expect(state == (1, 0))
    }

    /// Attachments may stand in a `-V` wrapper or not, in text or binary.
    @Test func wrappedOrNot() throws {
        for isWrapped in [true, false] {
            for domain in [Domain.text, .binary] {
                var stream: [UInt8] = []
                for message in try messages("registry-backers") {
                    var reader = StreamReader()
                    guard case .message(let frame) = reader.next(in: message.span) else { continue }
                    stream += message[frame.bodyRange]
                    stream += try frame.attachments.encoded(in: domain, isWrapped: isWrapped)
                }
                let found = try outcomes(stream, into: try store())
                #expect(
                    found.names == [
                        "icp in log", "ixn in log", "vcp escrowed(ACDC.CredentialEscrowReason.partialBackers)",
                        "vcp accepted", "ixn in log", "bis accepted", "acdc accepted", "ixn in log", "vrt accepted",
                        "ixn in log", "brv accepted",
                    ], "\(isWrapped) \(domain)")
            }
        }
    }

    /// Older stacks let issuers sign; such signatures are read and mean nothing (facts 13.8).
    @Test func signaturesOverPathsAreIgnored() throws {
        var stream: [UInt8] = []
        let backer = try Backer("signer")
        for message in try messages("untargeted-issue-revoke") {
            stream += message
            guard message.starts(with: Array(#"{"v":"ACDC"#.utf8)) else { continue }
            var couple = Attachments()
            couple.nonTransferableReceipts = [
                NonTransferableReceipt(
                    key: backer.aid.primitive,
                    signature: try Primitive(code: .ed25519Signature, raw: [UInt8](repeating: 7, count: 64)))
            ]
            let signature = try couple.encoded(in: .text)
            stream += Array("-JAB6AABAAA-".utf8) + signature
            stream += Array("-KAB6AABAAA--JAB6AABAAA-".utf8) + signature
        }
        let found = try outcomes(stream, into: try store())
        #expect(found.names == Self.inOrder)
    }

    @Test func faultsCostOnlyThemselves() throws {
        var all = try messages("untargeted-issue-revoke")
        var forged = all[5]
        let place = try #require(forged.firstRange(of: Array("hello".utf8))?.lowerBound)
        forged[place] = UInt8(ascii: "j")
        all.insert(forged, at: 5)
        let found = try outcomes(all.flatMap { $0 }, into: try store())
        #expect(found.names == Self.inOrder.prefix(5) + ["unreadable forgedSAID"] + Self.inOrder.dropFirst(5))
    }

    /// A log that the credential waits for can itself have waited.
    @Test func keyEventsThatWaitedWakeCredentials() throws {
        let all = try messages("untargeted-issue-revoke")
        // The second interaction comes before the first.
        let order = [0, 3, 2, 4, 5, 1]
        let found = try outcomes(order.flatMap { all[$0] }, into: try store())
        #expect(found.resumed == [.accepted, .accepted, .accepted])
    }
}
