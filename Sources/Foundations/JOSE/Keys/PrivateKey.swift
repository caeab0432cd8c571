// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import CryptoExtras
internal import SwiftASN1

/// A private key in memory that signs tokens and certificates' keys are made of: ECDSA, RSA or Ed25519.
///
/// swift-crypto keeps the key; it is never printed or compared.
public struct PrivateKey: Sendable, CustomReflectable {
    /// What a new key should be.
    public enum Kind: Hashable, Sendable, CaseIterable {
        /// NIST P-256.
        case p256
        /// NIST P-384.
        case p384
        /// NIST P-521.
        case p521
        /// RSA with a modulus of 2048 bits.
        case rsa2048
        /// RSA with a modulus of 4096 bits.
        case rsa4096
    }

    enum Backing: Sendable {
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
        case rsa(_RSA.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    let backing: Backing
    /// The public half.
    public let publicKey: PublicKey

    /// A fresh random key.
    /// - Throws: ``KeyError`` when the library makes none.
    public init(generating kind: Kind) throws(KeyError) {
        do {
            let backing: Backing =
                switch kind {
                case .p256: .p256(P256.Signing.PrivateKey())
                case .p384: .p384(P384.Signing.PrivateKey())
                case .p521: .p521(P521.Signing.PrivateKey())
                case .rsa2048: .rsa(try _RSA.Signing.PrivateKey(keySize: .bits2048))
                case .rsa4096: .rsa(try _RSA.Signing.PrivateKey(keySize: .bits4096))
                }
            try self.init(backing)
        } catch let error as KeyError {
            throw error
        } catch {
            throw KeyError(.malformed, "key generation")
        }
    }

    /// Reads an unencrypted PKCS#8 key, as the Workload API carries it.
    /// - Throws: ``KeyError``: not strict DER, an algorithm that is not known, numbers that are no key.
    public init(pkcs8 der: [UInt8]) throws(KeyError) {
        guard let algorithm = try? PrivateKeyAlgorithm(der: der) else { throw KeyError(.malformed, "PKCS#8") }
        let backing: Backing? =
            switch algorithm.kind {
            case .p256: (try? P256.Signing.PrivateKey(derRepresentation: der)).map(Backing.p256)
            case .p384: (try? P384.Signing.PrivateKey(derRepresentation: der)).map(Backing.p384)
            case .p521: (try? P521.Signing.PrivateKey(derRepresentation: der)).map(Backing.p521)
            case .rsa: (try? _RSA.Signing.PrivateKey(derRepresentation: der)).map(Backing.rsa)
            case .ed25519(let seed):
                (try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)).map(Backing.ed25519)
            case .unknown: throw KeyError(.unknownAlgorithm, "PKCS#8")
            }
        guard let backing else { throw KeyError(.malformed, "PKCS#8") }
        try self.init(backing)
    }

    private init(_ backing: Backing) throws(KeyError) {
        self.backing = backing
        publicKey =
            switch backing {
            case .p256(let key): try PublicKey(subjectPublicKeyInfo: [UInt8](key.publicKey.derRepresentation))
            case .p384(let key): try PublicKey(subjectPublicKeyInfo: [UInt8](key.publicKey.derRepresentation))
            case .p521(let key): try PublicKey(subjectPublicKeyInfo: [UInt8](key.publicKey.derRepresentation))
            case .rsa(let key): try PublicKey(subjectPublicKeyInfo: [UInt8](key.publicKey.derRepresentation))
            case .ed25519(let key): try PublicKey(ed25519: [UInt8](key.publicKey.rawRepresentation))
            }
    }

    /// The key as unencrypted PKCS#8 DER. Whoever asks for it has to keep it secret.
    public var pkcs8: [UInt8] {
        switch backing {
        case .p256(let key): [UInt8](key.derRepresentation)
        case .p384(let key): [UInt8](key.derRepresentation)
        case .p521(let key): [UInt8](key.derRepresentation)
        case .rsa(let key): [UInt8](key.pkcs8DERRepresentation)
        // RFC 8410 section 7: a fixed head, then the seed.
        case .ed25519(let key):
            [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]
                + [UInt8](key.rawRepresentation)
        }
    }

    /// Signs a token's input.
    /// - Throws: ``JWSError/Code/keyMismatch`` when the algorithm does not fit the key, ``JWSError/Code/signer``.
    public func signature(over message: [UInt8], algorithm: JWSAlgorithm) throws(JWSError) -> [UInt8] {
        guard algorithm.fits(publicKey.kind) else {
            throw JWSError(.keyMismatch, "\(algorithm.rawValue) with \(publicKey.kind)")
        }
        let signature: [UInt8]? =
            switch backing {
            case .p256(let key):
                (try? key.signature(for: SHA256.hash(data: message))).map { [UInt8]($0.rawRepresentation) }
            case .p384(let key):
                (try? key.signature(for: SHA384.hash(data: message))).map { [UInt8]($0.rawRepresentation) }
            case .p521(let key):
                (try? key.signature(for: SHA512.hash(data: message))).map { [UInt8]($0.rawRepresentation) }
            case .rsa(let key): Self.signature(by: key, over: message, algorithm)
            case .ed25519: nil
            }
        guard let signature else { throw JWSError(.signer) }
        return signature
    }

    private static func signature(
        by key: _RSA.Signing.PrivateKey, over message: [UInt8], _ algorithm: JWSAlgorithm
    ) -> [UInt8]? {
        let signature =
            switch algorithm {
            case .rs256: try? key.signature(for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
            case .rs384: try? key.signature(for: SHA384.hash(data: message), padding: .insecurePKCS1v1_5)
            case .rs512: try? key.signature(for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5)
            case .ps256: try? key.signature(for: SHA256.hash(data: message), padding: .PSS)
            case .ps384: try? key.signature(for: SHA384.hash(data: message), padding: .PSS)
            case .ps512: try? key.signature(for: SHA512.hash(data: message), padding: .PSS)
            case .es256, .es384, .es512: _RSA.Signing.RSASignature?.none
            }
        return signature.map { [UInt8]($0.rawRepresentation) }
    }

    /// Shows nothing, so that dumps and test reports stay clean.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
