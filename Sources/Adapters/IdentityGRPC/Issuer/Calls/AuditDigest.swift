// SPDX-License-Identifier: Apache-2.0

private import Crypto
internal import Issuer

/// Digests by which the audit names what it does not repeat.
enum AuditDigest {
    /// SHA-256 in lower-case hexadecimal.
    static func text(of bytes: [UInt8]) -> String {
        Hexadecimal.text(SHA256.hash(data: bytes))
    }
}
