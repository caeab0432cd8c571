// SPDX-License-Identifier: Apache-2.0

internal import Crypto

/// The two RSA signature schemes that nodes prove themselves with (RFC 8017).
enum RSASignatureCheck {
    /// Whether a PSS signature with SHA-256, MGF1 of SHA-256 and a salt of any length is one of `digest` (SHA-256).
    static func isPSS(_ signature: [UInt8], of digest: [UInt8], by key: RSAPublicOperation) -> Bool {
        guard digest.count == SHA256.byteCount, var message = key.apply(signature) else { return false }
        // RFC 8017, 9.1.2: the encoded message has one bit less than the modulus.
        let bits = key.bits - 1
        let count = (bits + 7) / 8
        if message.count > count {
            guard message.removeFirst() == 0 else { return false }
        }
        guard count >= digest.count + 2, message.last == 0xbc else { return false }
        let maskedCount = count - digest.count - 1
        let hash = Array(message[maskedCount..<(count - 1)])
        let unusedBits = UInt8(8 * count - bits)
        guard message[0] & ~(0xff >> unusedBits) == 0 else { return false }
        var block = zip(message[..<maskedCount], mask(from: hash, count: maskedCount)).map { $0 ^ $1 }
        block[0] &= 0xff >> unusedBits
        guard let start = block.firstIndex(where: { $0 != 0 }), block[start] == 1 else { return false }
        let salt = block[(start + 1)...]
        return Array(SHA256.hash(data: [UInt8](repeating: 0, count: 8) + digest + salt)) == hash
    }

    /// The hash functions of PKCS #1 v1.5 signatures.
    enum Hash {
        case sha1
        case sha256
        case sha512

        func digest(_ message: [UInt8]) -> [UInt8] {
            switch self {
            case .sha1: Array(Insecure.SHA1.hash(data: message))
            case .sha256: Array(SHA256.hash(data: message))
            case .sha512: Array(SHA512.hash(data: message))
            }
        }

        /// DER of `DigestInfo` up to the digest. RFC 8017, 9.2, note 1.
        var prefix: [UInt8] {
            switch self {
            case .sha1: [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14]
            case .sha256: Self.sha2(0x01, length: 32)
            case .sha512: Self.sha2(0x03, length: 64)
            }
        }

        private static func sha2(_ number: UInt8, length: UInt8) -> [UInt8] {
            [
                0x30, length + 17, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, number, 0x05,
                0x00, 0x04, length,
            ]
        }
    }

    /// Whether a PKCS #1 v1.5 signature is one of `message`: the whole encoding is made and compared, nothing parsed.
    static func isPKCS1(_ signature: [UInt8], of message: [UInt8], hash: Hash, by key: RSAPublicOperation) -> Bool {
        guard let encoded = key.apply(signature) else { return false }
        let tail = hash.prefix + hash.digest(message)
        let padding = encoded.count - tail.count - 3
        guard padding >= 8 else { return false }
        return encoded == [0, 1] + [UInt8](repeating: 0xff, count: padding) + [0] + tail
    }

    /// MGF1 with SHA-256. RFC 8017, B.2.1.
    private static func mask(from seed: [UInt8], count: Int) -> [UInt8] {
        var mask: [UInt8] = []
        var counter: UInt32 = 0
        while mask.count < count {
            let number = withUnsafeBytes(of: counter.bigEndian, Array.init)
            mask += SHA256.hash(data: seed + number)
            counter += 1
        }
        return Array(mask[..<count])
    }
}
