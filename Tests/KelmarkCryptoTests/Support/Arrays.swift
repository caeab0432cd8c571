// SPDX-License-Identifier: Apache-2.0

import KelmarkCrypto

// `#expect` can't look into calls that take spans, so the tests call these.

extension BLAKE3 {
    static func hash(_ bytes: [UInt8], count: Int = 32) -> [UInt8] { hash(bytes.span, count: count) }
}

extension DigestAlgorithm {
    func digest(_ bytes: [UInt8]) -> [UInt8] { digest(bytes.span) }
    func matches(_ digest: [UInt8], _ bytes: [UInt8]) -> Bool { matches(digest.span, bytes.span) }
}

extension SignatureAlgorithm {
    func verify(_ signature: [UInt8], _ message: [UInt8], _ publicKey: [UInt8]) -> Bool {
        verify(signature: signature.span, message: message.span, publicKey: publicKey.span)
    }
}

func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool { constantTimeEquals(left.span, right.span) }

extension SigningKey {
    func sign(_ message: [UInt8]) throws -> [UInt8] { try sign(message.span) }
}

extension SecretBytes {
    var bytes: [UInt8] { withBytes { span in span.indices.map { span[$0] } } }
}

extension SealedFileVault.Envelope {
    static func parse(_ bytes: [UInt8]) throws(VaultError) -> Self { try parse(bytes.span) }
}

extension SecretBytes {
    convenience init(_ bytes: [UInt8]) throws { try self.init(copying: bytes.span) }
}
