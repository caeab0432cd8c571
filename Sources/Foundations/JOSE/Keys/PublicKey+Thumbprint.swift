// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import KelmarkBytes

extension PublicKey {
    /// The SHA-256 thumbprint of RFC 7638 in base64url: 43 characters that depend on nothing but the key.
    public var thumbprint: String {
        // RFC 7638 section 3: the required members only, by name, without white space. None of them needs an escape.
        var members = numbers.members.map { ($0.label, $0.value.textValue ?? "") }
        members.append(("kty", keyType))
        members.sort { $0.0 < $1.0 }
        let json = "{" + members.map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ",") + "}"
        let digest = Array(SHA256.hash(data: Array(json.utf8)))
        return Base64URL.encodedString(digest.span)
    }

    /// `kty`.
    var keyType: String {
        switch kind {
        case .p256, .p384, .p521: "EC"
        case .rsa: "RSA"
        case .ed25519: "OKP"
        }
    }

    /// The members that hold the numbers.
    var numbers: OrderedMap {
        func text(_ bytes: [UInt8]) -> OrderedValue { .text(Base64URL.encodedString(bytes.span)) }
        switch parameters {
        case .elliptic(let x, let y): return ["crv": .text(kind.description), "x": text(x), "y": text(y)]
        case .rsa(let modulus, let exponent): return ["n": text(modulus), "e": text(exponent)]
        case .edwards(let x): return ["crv": .text(kind.description), "x": text(x)]
        }
    }
}
