// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes

/// A document with its tape, for tests: `#expect` can't take arguments that don't escape.
struct Scanned {
    let bytes: [UInt8]
    let index: DocumentIndex

    init(_ bytes: [UInt8], _ format: DocumentFormat, limits: Limits = .standard) throws(DocumentError) {
        self.bytes = bytes
        index = try DocumentIndex(bytes.span, format: format, limits: limits)
    }

    init(json: String, limits: Limits = .standard) throws(DocumentError) {
        try self.init(Array(json.utf8), .json, limits: limits)
    }

    func string(_ token: Int) -> String { index.string(of: index.tokens[token], in: bytes.span) }
    func utf8(_ token: Int) -> [UInt8] { index.utf8(of: index.tokens[token], in: bytes.span) }
    func boolean(_ token: Int) -> Bool? { index.boolean(of: index.tokens[token], in: bytes.span) }
    func unsigned(_ token: Int) -> UInt64? { index.unsignedInteger(of: index.tokens[token], in: bytes.span) }
    func raw(_ token: Int) -> [UInt8] { Array(bytes[index.rawRange(of: index.tokens[token])]) }
    func value(_ label: StaticString, in map: Int = 0) -> Int? { index.value(of: label, inMap: map, of: bytes.span) }

    func text(_ token: Int, equals expected: StaticString) -> Bool {
        index.text(index.tokens[token], equals: expected, in: bytes.span)
    }

    func text(_ token: Int, equals expected: [UInt8]) -> Bool {
        index.text(index.tokens[token], equals: expected.span, in: bytes.span)
    }
}
