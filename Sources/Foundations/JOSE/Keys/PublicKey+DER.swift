// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import CryptoExtras
internal import SwiftASN1

extension PublicKey {
    /// Reads a DER `SubjectPublicKeyInfo`.
    /// - Throws: ``KeyError``: not strict DER, an algorithm that is not known, numbers that are no key. Points must be
    ///   uncompressed.
    public init(subjectPublicKeyInfo der: [UInt8]) throws(KeyError) {
        guard let info = try? KeyInfo(der: der) else { throw KeyError(.malformed, "SubjectPublicKeyInfo") }
        switch (info.algorithm, info.curve) {
        case (KeyInfo.elliptic, let curve?):
            guard let curve = EllipticCurve.allCases.first(where: { $0.identifier == curve }) else {
                throw KeyError(.unknownCurve, curve.description)
            }
            let width = curve.coordinateByteCount
            guard info.key.first == 0x04, info.key.count == 1 + 2 * width else {
                throw KeyError(.coordinateWidth, curve.rawValue)
            }
            try self.init(curve: curve, x: Array(info.key[1...width]), y: Array(info.key[(1 + width)...]))
        case (KeyInfo.rsa, nil):
            guard let numbers = try? KeyInfo.rsaNumbers(info.key) else { throw KeyError(.malformed, "RSAPublicKey") }
            try self.init(modulus: numbers.modulus, exponent: numbers.exponent)
        case (KeyInfo.ed25519, nil): try self.init(ed25519: info.key)
        default: throw KeyError(.unknownAlgorithm, info.algorithm.description)
        }
    }

    /// The key as a DER `SubjectPublicKeyInfo`.
    public var subjectPublicKeyInfo: [UInt8] {
        switch backing {
        case .p256(let key): [UInt8](key.derRepresentation)
        case .p384(let key): [UInt8](key.derRepresentation)
        case .p521(let key): [UInt8](key.derRepresentation)
        case .rsa(let key): [UInt8](key.derRepresentation)
        // RFC 8410 section 4: a fixed head, then the key.
        case .ed25519(let key):
            [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00] + [UInt8](key.rawRepresentation)
        }
    }
}

/// The parts of a `SubjectPublicKeyInfo` (RFC 5280, 4.1).
private struct KeyInfo {
    static let elliptic: ASN1ObjectIdentifier = [1, 2, 840, 10045, 2, 1]
    static let rsa: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 1, 1]
    static let ed25519: ASN1ObjectIdentifier = [1, 3, 101, 112]

    let algorithm: ASN1ObjectIdentifier
    let curve: ASN1ObjectIdentifier?
    let key: [UInt8]

    init(der: [UInt8]) throws {
        (algorithm, curve, key) = try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
            guard let identifier = nodes.next(), let bits = nodes.next() else { throw KeyError(.malformed) }
            let (algorithm, curve) = try DER.sequence(identifier, identifier: .sequence) { fields in
                guard let name = fields.next() else { throw KeyError(.malformed) }
                let algorithm = try ASN1ObjectIdentifier(derEncoded: name)
                guard let parameters = fields.next() else { return (algorithm, ASN1ObjectIdentifier?.none) }
                switch (algorithm, parameters.identifier) {
                case (Self.elliptic, .objectIdentifier): return (algorithm, try .init(derEncoded: parameters))
                case (Self.rsa, .null):
                    _ = try ASN1Null(derEncoded: parameters)
                    return (algorithm, nil)
                case (Self.elliptic, _), (Self.rsa, _), (Self.ed25519, _): throw KeyError(.malformed)
                default: return (algorithm, nil)
                }
            }
            let text = try ASN1BitString(derEncoded: bits)
            guard text.paddingBits == 0 else { throw KeyError(.malformed) }
            return (algorithm, curve, Array(text.bytes))
        }
    }

    /// Modulus and exponent of an `RSAPublicKey` (RFC 8017, A.1.1).
    static func rsaNumbers(_ der: [UInt8]) throws -> (modulus: [UInt8], exponent: [UInt8]) {
        try DER.sequence(try DER.parse(der), identifier: .sequence) { nodes in
            (try number(nodes.next()), try number(nodes.next()))
        }
    }

    /// A positive number; the zero that keeps it so is stripped by the reader, which refuses negative ones.
    private static func number(_ node: ASN1Node?) throws -> [UInt8] {
        guard let node else { throw KeyError(.malformed) }
        return Array(try ArraySlice<UInt8>(derEncoded: node))
    }
}

extension EllipticCurve {
    fileprivate var identifier: ASN1ObjectIdentifier {
        switch self {
        case .p256: [1, 2, 840, 10045, 3, 1, 7]
        case .p384: [1, 3, 132, 0, 34]
        case .p521: [1, 3, 132, 0, 35]
        }
    }
}
