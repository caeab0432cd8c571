// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import KERI

/// Every message of the key event log vectors that can be read is written again, byte by byte the same.
struct RoundTripTests {
    struct Sample: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        let body: Range<Int>
        let attachments: Range<Int>
        let format: DocumentFormat
        let event: KeyEvent?

        var testDescription: String { name }
    }

    static let samples: [Sample] = (KELVectorTests.valid + KELVectorTests.invalid).flatMap { kel in
        kel.steps.compactMap { sample("\(kel.name) \($0.n)", $0.message.bytes) }
    }

    private static func sample(_ name: String, _ bytes: [UInt8]) -> Sample? {
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: bytes.span), frame.range == 0..<bytes.count,
            let format = frame.version.documentFormat
        else { return nil }
        let stored: StoredMessage
        do { stored = try StoredMessage(bytes) } catch { return nil }
        var event: KeyEvent?
        if case .keyEvent(let found) = stored.message { event = found }
        return Sample(
            name: name, bytes: bytes, body: frame.bodyRange, attachments: frame.attachmentRange, format: format,
            event: event)
    }

    @Test func coversMostSteps() {
        #expect(Self.samples.count > 230)
        #expect(Set(Self.samples.map(\.format)).count == 3)
    }

    @Test(arguments: samples)
    func writesBodiesAgain(_ sample: Sample) throws {
        let body = Array(sample.bytes[sample.body])
        let value = try OrderedValue(parsing: body.span, format: sample.format)
        #expect(try value.encoded(as: sample.format) == body)
        // Through the other formats and back, nothing is lost.
        var travelled = value
        for format in [DocumentFormat.json, .cbor, .messagePack, .json] {
            let bytes = try travelled.encoded(as: format)
            travelled = try OrderedValue(parsing: bytes.span, format: format)
        }
        #expect(travelled == value)
        #expect(try travelled.encoded(as: sample.format) == body)
    }

    @Test(arguments: samples.filter { $0.event != nil })
    func buildsEventsAgain(_ sample: Sample) throws {
        let event = try #require(sample.event)
        let map = try event.members
        // What the builder can't say is left to the byte comparison above: integers for numbers, other digest
        // codes, a key named twice.
        guard map["bt"]?.integerValue == nil, event.said.primitive.code == .blake3_256 else { return }
        if let stated = event.establishment {
            guard map["kt"] == stated.signingThreshold.value, map["nt"] == stated.nextThreshold.value,
                Set(stated.keys).count == stated.keys.count
            else { return }
        }
        let anchors = map["a"]?.listValue ?? []
        let remade: KeyEvent
        switch event.kind {
        case .inception, .delegatedInception:
            let stated = try #require(event.establishment)
            let isWellFormed = event.aid.primitive.code.isDigest || event.aid.key == stated.keys.first
            guard event.sn == .zero, isWellFormed else { return }
            remade =
                event.aid.primitive.code.isDigest
                ? try EventBuilder.inception(
                    stated, delegator: event.delegator, anchors: anchors, format: event.format)
                : try EventBuilder.basicInception(stated, anchors: anchors, format: event.format)
        case .rotation, .delegatedRotation, .interaction:
            guard let state = try stateBefore(event) else { return }
            if let stated = event.establishment {
                remade = try EventBuilder.rotation(of: state, stated, anchors: anchors, format: event.format)
            } else {
                remade = try EventBuilder.interaction(of: state, anchors: anchors, format: event.format)
            }
        }
        #expect(remade.bytes == event.bytes)
        #expect(remade == event)
    }

    /// A state that an event can stand behind, as far as a builder looks at it.
    private func stateBefore(_ event: KeyEvent) throws -> KeyState? {
        guard let prior = event.prior, let sn = event.sn.previous else { return nil }
        var state = try Author("anybody").state
        var record = state.record
        record["i"] = .text(event.aid.text)
        record["s"] = .text(sn.hex)
        record["d"] = .text(prior.text)
        record["di"] = event.kind == .delegatedRotation ? .text(state.aid.text) : ""
        state = try #require(KeyState(stored: record))
        return state
    }

    @Test(arguments: samples.filter { !$0.attachments.isEmpty })
    func writesAttachmentsAgain(_ sample: Sample) throws {
        let original = Array(sample.bytes[sample.attachments])
        let attachments = try Attachments(original.span)
        let text = try attachments.encoded(in: .text)
        let binary = try attachments.encoded(in: .binary)
        let fromText = try Attachments(text.span)
        let fromBinary = try Attachments(binary.span)
        #expect(fromText == attachments)
        #expect(fromBinary == attachments)
        #expect(try fromBinary.encoded(in: .text) == text)
        #expect(try fromText.encoded(in: .binary) == binary)
        #expect(text.count == binary.count / 3 * 4)
        // A wrapper is read to the same.
        let wrapped = try attachments.encoded(in: .binary, isWrapped: true)
        #expect(try Attachments(wrapped.span) == attachments)
    }
}
