// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The bytes of lower-case hexadecimal text.
func hex(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var digits = text.makeIterator()
    while let high = digits.next(), let low = digits.next() {
        bytes.append(UInt8(high.hexDigitValue! << 4 | low.hexDigitValue!))
    }
    return bytes
}

/// The raw bytes of a qualified text primitive. A fixed-size code is as long as its lead-in modulo four: the code's
/// characters stand where the pad bits of the raw bytes are.
func raw(_ qualified: String, code: String, count: Int? = nil) -> [UInt8] {
    precondition(qualified.hasPrefix(code))
    let body = String(qualified.dropFirst(code.count))
    let lead = code.count % 4
    let standard = (String(repeating: "A", count: lead) + body)
        .replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    let bytes = [UInt8](Data(base64Encoded: standard)!)
    return Array(bytes.dropFirst(lead == 0 ? 0 : lead))
}

/// Bytes 0, 1, … 250, 0, 1, …
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 251) } }
