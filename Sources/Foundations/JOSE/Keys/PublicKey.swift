// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import CryptoExtras

/// A public key whose numbers were checked: the point lies on its curve, the modulus has a length that is used.
///
/// Equal keys are equal whatever form they came in. Ed25519 is known so that certificates can carry it; no algorithm of
/// ``JWSAlgorithm`` fits it.
public struct PublicKey: Hashable, Sendable {
    /// Which key it is.
    public enum Kind: Hashable, Sendable, CustomStringConvertible {
        /// NIST P-256.
        case p256
        /// NIST P-384.
        case p384
        /// NIST P-521.
        case p521
        /// RSA with a modulus of so many bits.
        case rsa(bits: Int)
        /// Ed25519.
        case ed25519

        /// The usual short name.
        public var description: String {
            switch self {
            case .p256: "P-256"
            case .p384: "P-384"
            case .p521: "P-521"
            case .rsa(let bits): "RSA-\(bits)"
            case .ed25519: "Ed25519"
            }
        }
    }

    /// The numbers of the key, as JSON Web Keys have them.
    public enum Parameters: Hashable, Sendable {
        /// A point: both coordinates, big-endian, as wide as the curve's field.
        case elliptic(x: [UInt8], y: [UInt8])
        /// Modulus and exponent, big-endian, without leading zeros.
        case rsa(modulus: [UInt8], exponent: [UInt8])
        /// The 32 bytes of RFC 8032.
        case edwards(x: [UInt8])
    }

    /// Shortest RSA modulus that is accepted, in bits.
    public static let shortestRSA = 2048
    /// Longest RSA modulus that is accepted, in bits: longer ones only cost time.
    public static let longestRSA = 8192

    /// Which key it is.
    public let kind: Kind
    /// Its numbers.
    public let parameters: Parameters
    let backing: Backing

    /// The key as swift-crypto has it.
    enum Backing: Sendable {
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case rsa(_RSA.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    /// A point of a curve.
    /// - Throws: ``KeyError``: a coordinate of another width than the field, a point that is not on the curve.
    public init(curve: EllipticCurve, x: [UInt8], y: [UInt8]) throws(KeyError) {
        guard x.count == curve.coordinateByteCount, y.count == curve.coordinateByteCount else {
            throw KeyError(.coordinateWidth, "\(curve.rawValue) needs \(curve.coordinateByteCount) bytes")
        }
        let point = [0x04] + x + y
        let parsed: Backing? =
            switch curve {
            case .p256: (try? P256.Signing.PublicKey(x963Representation: point)).map(Backing.p256)
            case .p384: (try? P384.Signing.PublicKey(x963Representation: point)).map(Backing.p384)
            case .p521: (try? P521.Signing.PublicKey(x963Representation: point)).map(Backing.p521)
            }
        guard let parsed else { throw KeyError(.pointNotOnCurve, curve.rawValue) }
        kind = curve.kind
        parameters = .elliptic(x: x, y: y)
        backing = parsed
    }

    /// An RSA key.
    /// - Throws: ``KeyError``: leading zeros, a modulus outside 2048 to 8192 bits, an exponent that is even, 1, or longer
    ///   than 32 bits.
    public init(modulus: [UInt8], exponent: [UInt8]) throws(KeyError) {
        guard let first = modulus.first, first != 0 else { throw KeyError(.leadingZero, "modulus") }
        guard let leading = exponent.first, leading != 0 else { throw KeyError(.leadingZero, "exponent") }
        let bits = modulus.count * 8 - first.leadingZeroBitCount
        guard (Self.shortestRSA...Self.longestRSA).contains(bits) else {
            throw KeyError(.modulusLength, "\(bits) bits")
        }
        guard exponent.count <= 4 else { throw KeyError(.exponent, "longer than 32 bits") }
        guard exponent[exponent.count - 1] & 1 == 1 else { throw KeyError(.exponent, "even") }
        guard exponent != [1] else { throw KeyError(.exponent, "1") }
        guard let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent) else { throw KeyError(.modulus) }
        kind = .rsa(bits: bits)
        parameters = .rsa(modulus: modulus, exponent: exponent)
        backing = .rsa(key)
    }

    /// An Ed25519 key.
    /// - Throws: ``KeyError`` when these are not 32 bytes.
    public init(ed25519 bytes: [UInt8]) throws(KeyError) {
        guard bytes.count == 32, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
            throw KeyError(.coordinateWidth, "Ed25519 needs 32 bytes")
        }
        kind = .ed25519
        parameters = .edwards(x: bytes)
        backing = .ed25519(key)
    }

    /// Whether `signature` over `message` was made by this key's private half with the algorithm.
    ///
    /// False when the algorithm does not fit the key. ECDSA signatures are r and s, each as wide as the field, never DER.
    public func isValidSignature(_ signature: [UInt8], over message: [UInt8], algorithm: JWSAlgorithm) -> Bool {
        guard algorithm.fits(kind), signature.count == signatureByteCount else { return false }
        switch backing {
        case .p256(let key):
            guard let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(parsed, for: SHA256.hash(data: message))
        case .p384(let key):
            guard let parsed = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(parsed, for: SHA384.hash(data: message))
        case .p521(let key):
            guard let parsed = try? P521.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(parsed, for: SHA512.hash(data: message))
        case .rsa(let key):
            let parsed = _RSA.Signing.RSASignature(rawRepresentation: signature)
            switch algorithm {
            case .rs256:
                return key.isValidSignature(parsed, for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
            case .rs384:
                return key.isValidSignature(parsed, for: SHA384.hash(data: message), padding: .insecurePKCS1v1_5)
            case .rs512:
                return key.isValidSignature(parsed, for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5)
            case .ps256: return key.isValidSignature(parsed, for: SHA256.hash(data: message), padding: .PSS)
            case .ps384: return key.isValidSignature(parsed, for: SHA384.hash(data: message), padding: .PSS)
            case .ps512: return key.isValidSignature(parsed, for: SHA512.hash(data: message), padding: .PSS)
            case .es256, .es384, .es512: return false
            }
        case .ed25519: return false
        }
    }

    /// Bytes of every signature of the key: twice the field's width, or the modulus' width.
    public var signatureByteCount: Int {
        switch kind {
        case .p256: 64
        case .p384: 96
        case .p521: 132
        case .rsa(let bits): (bits + 7) / 8
        case .ed25519: 64
        }
    }

    /// Equal kind and numbers.
    public static func == (left: PublicKey, right: PublicKey) -> Bool {
        left.kind == right.kind && left.parameters == right.parameters
    }

    /// Hashes kind and numbers.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(parameters)
    }
}

/// The curves of ECDSA keys; the raw value is the name that a JSON Web Key has.
public enum EllipticCurve: String, Hashable, Sendable, CaseIterable {
    /// NIST P-256.
    case p256 = "P-256"
    /// NIST P-384.
    case p384 = "P-384"
    /// NIST P-521.
    case p521 = "P-521"

    /// Bytes of one coordinate.
    public var coordinateByteCount: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        case .p521: 66
        }
    }

    var kind: PublicKey.Kind {
        switch self {
        case .p256: .p256
        case .p384: .p384
        case .p521: .p521
        }
    }
}
