// SPDX-License-Identifier: Apache-2.0

import CESR
import Foundation
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import KERI

/// A vector file read with the order of its members, as one value.
enum OrderedFile {
    /// The list under `label`; an unreadable file is an issue, and an empty list.
    static func rows(_ label: String, of file: String) -> [OrderedValue] {
        do {
            let bytes = try Vectors.data("KERI/\(file)")
            let value = try OrderedValue(
                parsingJSON: bytes.span, strictness: .interoperable, limits: Limits(documentValues: 1 << 22))
            return value[label]?.listValue ?? []
        } catch {
            Issue.record("\(file): \(error)")
            return []
        }
    }

    /// The value under `label`.
    static func value(_ label: String, of file: String) throws -> OrderedValue {
        let bytes = try Vectors.data("KERI/\(file)")
        return try #require(try OrderedValue(parsingJSON: bytes.span, strictness: .interoperable)[label])
    }
}

extension OrderedValue {
    /// The bytes of a byte string as the files write it.
    var blob: [UInt8]? {
        self["b64"]?.textValue.flatMap { Data(base64Encoded: $0) }.map { [UInt8]($0) }
    }

    /// The bytes of lower-case hexadecimal text.
    var hexadecimal: [UInt8]? {
        guard let digits = textValue.map({ Array($0.utf8) }), digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            let pair = String(decoding: digits[place...(place + 1)], as: UTF8.self)
            guard let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    func text(_ label: String) throws -> String { try #require(self[label]?.textValue) }
}

extension DocumentFormat {
    /// From the names of the files: JSON, CBOR, MGPK.
    init?(vectorName: String) {
        switch vectorName {
        case "JSON": self = .json
        case "CBOR": self = .cbor
        case "MGPK": self = .messagePack
        default: return nil
        }
    }
}

/// One row of a file, named by its place and by what it is about.
struct VectorRow: CustomTestStringConvertible, Sendable {
    let number: Int
    let name: String
    let value: OrderedValue

    var testDescription: String { "\(number) \(name)" }

    static func load(_ label: String, of file: String, name: (OrderedValue) -> String) -> [VectorRow] {
        OrderedFile.rows(label, of: file).enumerated().map { VectorRow(number: $0, name: name($1), value: $1) }
    }
}
