// SPDX-License-Identifier: Apache-2.0

/// Writes UUIDs.
package enum UUIDText {
    /// A UUID of version 4 from 16 random bytes, in lower case.
    package static func version4(_ random: [UInt8]) -> String {
        var bytes = random
        precondition(bytes.count == 16, "a UUID has 16 bytes")
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            if byte < 16 { text += "0" }
            text += String(byte, radix: 16)
        }
        return text
    }
}
