// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkTestSupport
import Testing

/// The messages of the key event vectors: framed, read, and written again byte for byte.
@Suite struct KeyEventMessageTests {
    struct File: Decodable { var cases: [Case] }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var steps: [Step]
        var testDescription: String { name }
    }

    struct Step: Decodable, Sendable, CustomTestStringConvertible {
        var n: Int
        var note: String?
        var message: Blob
        var expect: Expect
        var testDescription: String { "\(n) \(note ?? "")" }

        struct Expect: Decodable, Sendable {
            var outcome: String
            var unconsumed: Int
        }
    }

    static let valid = try! Vectors.decode(File.self, from: "KERI/kel_valid.json").cases
    static let invalid = try! Vectors.decode(File.self, from: "KERI/kel_invalid.json").cases
    static let truncated = invalid.first { $0.name == "truncated" }!

    @Test(arguments: valid)
    func roundTrip(_ item: Case) throws {
        for step in item.steps {
            let bytes = step.message.bytes
            let found = events(of: bytes)
            #expect(found.count == 1, "\(step.testDescription)")
            let frame = try #require(found.first?.frame)
            #expect(frame.range == 0..<bytes.count)
            let received = Array(bytes[frame.attachmentRange])
            guard let first = received.first else { continue }
            let isBinary = first != UInt8(ascii: "-")
            let isWrapped = isBinary ? received[0] == 0xf9 && received[1] >> 4 == 5 : received[1] == UInt8(ascii: "V")
            let domain: Domain = isBinary ? .binary : .text
            let written = try frame.attachments.encoded(in: domain, isWrapped: isWrapped)
            #expect(written == received, "\(item.name) \(step.testDescription)")
            // Reading what was written gives the same values, in both domains.
            for domain in Domain.allCases {
                let again = try frame.attachments.encoded(in: domain, isWrapped: true)
                #expect(try Attachments(again.span) == frame.attachments)
                let other = try AttachmentGroup.transcoded(again.span, from: domain)
                #expect(try Attachments(other.span) == frame.attachments)
                #expect(try AttachmentGroup.transcoded(other.span, from: domain == .text ? .binary : .text) == again)
            }
        }
    }

    /// Each step of `truncated`: what has been taken in when the input ends there.
    @Test(arguments: truncated.steps)
    func unconsumed(_ step: Step) {
        let bytes = step.message.bytes
        let (found, consumed) = events(of: bytes, inPartsOf: [.max], isFinished: false)
        let first = found.first?.fault?.consumedThrough ?? consumed
        #expect(bytes.count - first == step.expect.unconsumed)
        switch step.expect.outcome {
        case "SizedGroupError": #expect(found.first?.fault != nil)
        case "ok": #expect(events(of: bytes).map(summary) == ["JSON 0+299, controller signatures"])
        default: #expect(found.isEmpty)
        }
    }

    @Test func numberOfCases() {
        #expect(Self.truncated.steps.count == 15)
        #expect(Self.valid.reduce(0) { $0 + $1.steps.count } == 166)
        #expect(Self.invalid.reduce(0) { $0 + $1.steps.count } == 127)
    }

    @Test(arguments: invalid)
    func invalidMessagesAreFramedOrFaults(_ item: Case) {
        for step in item.steps {
            let bytes = step.message.bytes
            let whole = events(of: bytes)
            let parts = events(of: bytes, inPartsOf: [7]).events
            #expect(whole.compactMap(\.frame) == parts.compactMap(\.frame))
            #expect(!whole.isEmpty)
        }
    }
}
