// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import JOSE

/// A public key of OpenSSH and the signatures that it checks. RFC 4253, 5656, 8332, 8709.
public struct SSHPublicKey: Hashable, Sendable {
    enum Algorithm: String, Hashable, Sendable, CaseIterable {
        case ed25519 = "ssh-ed25519"
        case p256 = "ecdsa-sha2-nistp256"
        case p384 = "ecdsa-sha2-nistp384"
        case p521 = "ecdsa-sha2-nistp521"
        case rsa = "ssh-rsa"

        /// The name of the curve inside a key.
        var curve: String? {
            switch self {
            case .p256: "nistp256"
            case .p384: "nistp384"
            case .p521: "nistp521"
            case .ed25519, .rsa: nil
            }
        }

        /// The name of certificates of such keys.
        var certificateName: String { rawValue + "-cert-v01@openssh.com" }
    }

    let algorithm: Algorithm
    /// The members of the key: a point, or the exponent and the modulus.
    private let parts: [[UInt8]]

    /// Reads a key in binary form, as an `authorized_keys` line has it in Base64.
    /// - Throws: ``IssuerError``, `invalidArgument` for bytes that are no key of a known kind.
    public init(wire: [UInt8]) throws(IssuerError) {
        do {
            var reader = SSHReader(wire)
            guard let algorithm = Algorithm(rawValue: try reader.text()) else { throw SSHReader.Malformed() }
            try self.init(algorithm, from: &reader)
            try reader.end()
        } catch {
            throw IssuerError(.invalidArgument, "the SSH key can't be read")
        }
    }

    /// Reads a line of an `authorized_keys` file without options: type, Base64, perhaps a comment.
    /// - Throws: ``IssuerError``, `invalidArgument` for a line that is none.
    public init(line: String) throws(IssuerError) {
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count >= 2, let wire = StandardBase64.decode(String(words[1])) else {
            throw IssuerError(.invalidArgument, "the SSH key can't be read")
        }
        try self.init(wire: wire)
        guard algorithm.rawValue == words[0] else {
            throw IssuerError(.invalidArgument, "the SSH key is of another type than its line says")
        }
    }

    /// Reads what follows the type, and refuses keys that the library would not take.
    init(_ algorithm: Algorithm, from reader: inout SSHReader) throws(SSHReader.Malformed) {
        self.algorithm = algorithm
        switch algorithm {
        case .ed25519:
            parts = [try reader.string()]
            guard (try? Curve25519.Signing.PublicKey(rawRepresentation: parts[0])) != nil else {
                throw SSHReader.Malformed()
            }
        case .p256, .p384, .p521:
            guard try reader.text() == algorithm.curve else { throw SSHReader.Malformed() }
            parts = [try reader.string()]
            let point = parts[0]
            let isPoint =
                switch algorithm {
                case .p256: (try? P256.Signing.PublicKey(x963Representation: point)) != nil
                case .p384: (try? P384.Signing.PublicKey(x963Representation: point)) != nil
                default: (try? P521.Signing.PublicKey(x963Representation: point)) != nil
                }
            guard isPoint else { throw SSHReader.Malformed() }
        case .rsa:
            let exponent = try reader.number()
            parts = [exponent, try reader.number()]
            guard RSAPublicOperation(modulus: parts[1], exponent: parts[0]) != nil else { throw SSHReader.Malformed() }
        }
    }

    /// Whether a signature of a format is one of `message` by this key.
    /// - Parameter allowsSHA1: whether RSA signatures with SHA-1, format `ssh-rsa`, count.
    func isSignature(_ blob: [UInt8], format: String, of message: [UInt8], allowsSHA1: Bool) -> Bool {
        switch algorithm {
        case .ed25519:
            guard format == algorithm.rawValue,
                let key = try? Curve25519.Signing.PublicKey(rawRepresentation: parts[0])
            else { return false }
            return key.isValidSignature(blob, for: message)
        case .p256:
            guard format == algorithm.rawValue, let raw = Self.raw(blob, width: 32),
                let key = try? P256.Signing.PublicKey(x963Representation: parts[0]),
                let signature = try? P256.Signing.ECDSASignature(rawRepresentation: raw)
            else { return false }
            return key.isValidSignature(signature, for: SHA256.hash(data: message))
        case .p384:
            guard format == algorithm.rawValue, let raw = Self.raw(blob, width: 48),
                let key = try? P384.Signing.PublicKey(x963Representation: parts[0]),
                let signature = try? P384.Signing.ECDSASignature(rawRepresentation: raw)
            else { return false }
            return key.isValidSignature(signature, for: SHA384.hash(data: message))
        case .p521:
            guard format == algorithm.rawValue, let raw = Self.raw(blob, width: 66),
                let key = try? P521.Signing.PublicKey(x963Representation: parts[0]),
                let signature = try? P521.Signing.ECDSASignature(rawRepresentation: raw)
            else { return false }
            return key.isValidSignature(signature, for: SHA512.hash(data: message))
        case .rsa:
            guard let key = RSAPublicOperation(modulus: parts[1], exponent: parts[0]) else { return false }
            let hash: RSASignatureCheck.Hash
            switch format {
            case "rsa-sha2-256": hash = .sha256
            case "rsa-sha2-512": hash = .sha512
            case "ssh-rsa" where allowsSHA1: hash = .sha1
            default: return false
            }
            return RSASignatureCheck.isPKCS1(blob, of: message, hash: hash, by: key)
        }
    }

    /// `r` and `s` of an ECDSA signature in their fixed width; nil when the bytes are none.
    private static func raw(_ blob: [UInt8], width: Int) -> [UInt8]? {
        var reader = SSHReader(blob)
        guard let r = try? reader.number(), let s = try? reader.number(), reader.isAtEnd, r.count <= width,
            s.count <= width
        else { return nil }
        return [r, s].flatMap { [UInt8](repeating: 0, count: width - $0.count) + $0 }
    }
}
