// SPDX-License-Identifier: Apache-2.0

private import Crypto
internal import JOSE
private import SwiftASN1

/// Names of keys made from their bits.
enum KeyIdentifier {
    /// SHA-1 of the bits of the public key, without the head of `SubjectPublicKeyInfo`: RFC 5280, 4.2.1.2, method 1.
    /// Nobody relies on SHA-1 here: it only tells keys apart.
    static func subjectKeyIdentifier(of key: PublicKey) -> [UInt8] {
        Array(Insecure.SHA1.hash(data: bits(of: key)))
    }

    private static func bits(of key: PublicKey) -> [UInt8] {
        switch key.parameters {
        case .elliptic(let x, let y): [0x04] + x + y
        case .edwards(let x): x
        case .rsa(let modulus, let exponent):
            {
                var serializer = DER.Serializer()
                serializer.appendConstructedNode(identifier: .sequence) { sequence in
                    for number in [modulus, exponent] {
                        sequence.appendPrimitiveNode(identifier: .integer) { bytes in
                            if number.first.map({ $0 >= 0x80 }) ?? true { bytes.append(0) }
                            bytes.append(contentsOf: number)
                        }
                    }
                }
                return serializer.serializedBytes
            }()
        }
    }
}

/// Lower-case hex, two digits a byte.
package enum Hexadecimal {
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            for digit in [byte >> 4, byte & 15] {
                text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
