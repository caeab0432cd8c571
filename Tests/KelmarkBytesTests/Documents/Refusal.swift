// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

/// Bytes that must not scan, with what is wrong and where.
struct Refusal: CustomTestStringConvertible, Sendable {
    let name: String
    let format: DocumentFormat
    let bytes: [UInt8]
    let error: DocumentError

    var testDescription: String { name }

    /// JSON from text.
    static func json(_ name: String, _ text: String, _ code: DocumentError.Code, at offset: Int) -> Refusal {
        Refusal(name: name, format: .json, bytes: Array(text.utf8), error: DocumentError(code, at: offset))
    }

    /// JSON from bytes between quotes.
    static func text(_ name: String, _ bytes: [UInt8], _ code: DocumentError.Code, at offset: Int) -> Refusal {
        Refusal(name: name, format: .json, bytes: [0x22] + bytes + [0x22], error: DocumentError(code, at: offset))
    }

    static func cbor(_ name: String, _ bytes: [UInt8], _ code: DocumentError.Code, at offset: Int) -> Refusal {
        Refusal(name: name, format: .cbor, bytes: bytes, error: DocumentError(code, at: offset))
    }

    static func pack(_ name: String, _ bytes: [UInt8], _ code: DocumentError.Code, at offset: Int) -> Refusal {
        Refusal(name: name, format: .messagePack, bytes: bytes, error: DocumentError(code, at: offset))
    }

    func check(limits: Limits = .standard) {
        do {
            _ = try Scanned(bytes, format, limits: limits)
            Issue.record("scanned")
        } catch {
            #expect(error == self.error)
        }
    }
}
