// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import KelmarkTestSupport
import Testing

/// Bodies that KERIpy wrote: they scan, and what is read from them is written as the same bytes.
struct DocumentVectorTests {
    struct Body: CustomTestStringConvertible, Sendable {
        let name: String
        let format: DocumentFormat
        let bytes: [UInt8]
        var testDescription: String { name }
    }

    @Test(arguments: Body.saids) func `SAID body reads and writes the same bytes`(_ body: Body) throws {
        try check(body)
    }

    @Test(arguments: Body.keyEvents) func `Key event body reads and writes the same bytes`(_ body: Body) throws {
        try check(body)
    }

    @Test func `Every body of the files is a case`() throws {
        let saids = try Vectors.decode(SAIDFile.self, from: "KERI/saids.json")
        let entries = saids.unversioned + saids.versioned + saids.double
        #expect(Body.saids.count == 2 * entries.count { $0.keripyError == nil })
        // The only one that can't be written has an integer beyond 64 bits in MessagePack.
        #expect(entries.filter { $0.keripyError != nil }.map(\.kind) == ["MGPK"])
        #expect(Set(Body.saids.map(\.format)) == Set(DocumentFormat.allCases))
        let events = try Vectors.decode(EventFile.self, from: "KERI/kel_valid.json")
        let steps = events.cases.reduce(0) { $0 + $1.steps.count }
        #expect(steps > 0)
        #expect(Body.keyEvents.count == steps)
    }

    private func check(_ body: Body) throws {
        let value = try OrderedValue(parsing: body.bytes.span, format: body.format)
        #expect(try value.encoded(as: body.format) == body.bytes)
        for format in DocumentFormat.allCases {
            if format == .messagePack, case .integer(let text)? = value["huge"], text.utf8.count > 20 {
                #expect(throws: DocumentEncodingError.integerOutOfRange) { try value.encoded(as: format) }
                continue
            }
            let other = try value.encoded(as: format)
            #expect(try OrderedValue(parsing: other.span, format: format) == value)
        }
    }
}

extension DocumentVectorTests {
    struct SAIDFile: Decodable {
        struct Entry: Decodable {
            let name: String?
            let kind: String
            let code: String?
            let dummy: Blob?
            let final: Blob?
            /// Why KERIpy could not write it; there are no bytes then.
            let keripyError: String?

            enum CodingKeys: String, CodingKey {
                case name, kind, code, dummy, final
                case keripyError = "keripy_error"
            }
        }
        let unversioned: [Entry]
        let versioned: [Entry]
        let double: [Entry]
    }

    struct EventFile: Decodable {
        struct Case: Decodable {
            let name: String
            let steps: [Step]
        }
        struct Step: Decodable {
            let n: Int
            let message: Blob
        }
        let cases: [Case]
    }
}

extension DocumentVectorTests.Body {
    static let saids: [Self] = {
        guard let file = try? Vectors.decode(DocumentVectorTests.SAIDFile.self, from: "KERI/saids.json") else {
            return []
        }
        return (file.unversioned + file.versioned + file.double).flatMap { entry -> [Self] in
            guard let format = format(of: entry.kind) else { return [] }
            let name = "\(entry.name ?? "versioned or double") \(entry.kind) \(entry.code ?? "")"
            return [("final", entry.final), ("dummy", entry.dummy)].compactMap { part, blob in
                blob.map { Self(name: "\(name) \(part)", format: format, bytes: $0.bytes) }
            }
        }
    }()

    static let keyEvents: [Self] = {
        guard let file = try? Vectors.decode(DocumentVectorTests.EventFile.self, from: "KERI/kel_valid.json") else {
            return []
        }
        return file.cases.flatMap { entry in
            entry.steps.compactMap { step in
                body(of: step.message.bytes, name: "\(entry.name) \(step.n)")
            }
        }
    }()

    /// Cuts the body from a message by its version string `KERI10JSON00012b_`.
    static func body(of message: [UInt8], name: String) -> Self? {
        for start in 0..<min(12, message.count) {
            let text = String(decoding: message[start...].prefix(17), as: UTF8.self)
            guard text.utf8.count == 17, text.hasPrefix("KERI10"), text.hasSuffix("_"),
                let format = format(of: String(text.dropFirst(6).prefix(4))),
                let size = Int(text.dropFirst(10).prefix(6), radix: 16), size <= message.count
            else { continue }
            return Self(name: name, format: format, bytes: Array(message[..<size]))
        }
        return nil
    }

    private static func format(of kind: String) -> DocumentFormat? {
        switch kind {
        case "JSON": .json
        case "CBOR": .cbor
        case "MGPK": .messagePack
        default: nil
        }
    }
}
