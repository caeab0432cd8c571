// SPDX-License-Identifier: Apache-2.0

private import Crypto

/// Digests by which the audit names what it does not repeat.
enum AuditDigest {
    /// SHA-256 in lower-case hexadecimal.
    static func text(of bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }.joined()
    }
}
