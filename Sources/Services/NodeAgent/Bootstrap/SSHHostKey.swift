// SPDX-License-Identifier: Apache-2.0

private import Crypto
private import CryptoExtras
private import KelmarkBytes
private import KelmarkCrypto

/// A private host key as `ssh-keygen` writes it, without a passphrase (`openssh-key-v1`).
struct SSHHostKey: Sendable {
    /// Most bytes of a file.
    static let largestFile = 64 << 10

    private enum Backing: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
        case rsa(_RSA.Signing.PrivateKey)
    }

    private let backing: Backing
    /// The name of the kind of key, `ssh-ed25519` for instance.
    let algorithm: String
    /// The members of the public key behind that name, as they stand in keys and in certificates.
    let publicMembers: [UInt8]

    /// Reads the file's bytes.
    /// - Throws: ``AttestorError``.
    init(file: [UInt8]) throws(AttestorError) {
        guard file.count <= Self.largestFile, var bytes = Self.body(of: file) else {
            throw AttestorError("the SSH key is not in OpenSSH's own form; ssh-keygen -p -f FILE writes it anew")
        }
        defer { wipe(&bytes) }
        do {
            var reader = SSHWireReader(bytes)
            guard try reader.take(Self.magic.count).elementsEqual(Self.magic) else { throw SSHWireReader.Malformed() }
            guard try reader.text() == "none", try reader.text() == "none", try reader.string().isEmpty else {
                throw AttestorError("the SSH key is sealed by a passphrase")
            }
            guard try reader.uint32() == 1 else { throw SSHWireReader.Malformed() }
            let publicKey = try reader.string()
            var secret = try reader.string()
            defer { wipe(&secret) }
            guard reader.isAtEnd else { throw SSHWireReader.Malformed() }

            var outside = SSHWireReader(publicKey)
            algorithm = try outside.text()
            publicMembers = Array(publicKey[outside.offset...])
            var inside = SSHWireReader(secret)
            // Two equal numbers, by which OpenSSH tells a wrong passphrase.
            guard try inside.uint32() == inside.uint32(), try inside.text() == algorithm else {
                throw SSHWireReader.Malformed()
            }
            backing = try Self.backing(algorithm, from: &inside)
        } catch let error as AttestorError {
            throw error
        } catch {
            throw AttestorError("the SSH key can't be read")
        }
        guard (try? publicWire()) == publicMembers else {
            throw AttestorError("the two halves of the SSH key do not belong together")
        }
    }

    private static let magic = Array("openssh-key-v1\0".utf8)

    /// What stands between the two lines with dashes.
    private static func body(of file: [UInt8]) -> [UInt8]? {
        var lines = file.split(separator: 0x0a).map { $0.last == 0x0d ? $0.dropLast() : $0 }
        while lines.last?.allSatisfy({ $0 == 0x20 }) == true { lines.removeLast() }
        guard lines.count > 2, lines[0].elementsEqual("-----BEGIN OPENSSH PRIVATE KEY-----".utf8),
            lines[lines.count - 1].elementsEqual("-----END OPENSSH PRIVATE KEY-----".utf8)
        else { return nil }
        var text = Array(lines[1..<(lines.count - 1)].joined())
        defer { wipe(&text) }
        for _ in 0..<2 where text.last == UInt8(ascii: "=") { text.removeLast() }
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "+"): text[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): text[index] = UInt8(ascii: "_")
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            default: break
            }
        }
        return try? Base64URL.decode(text.span)
    }

    private static func backing(_ algorithm: String, from reader: inout SSHWireReader) throws -> Backing {
        switch algorithm {
        case "ssh-ed25519":
            _ = try reader.string()
            var pair = try reader.string()
            defer { wipe(&pair) }
            guard pair.count == 64 else { throw SSHWireReader.Malformed() }
            return .ed25519(try Curve25519.Signing.PrivateKey(rawRepresentation: pair.prefix(32)))
        case "ecdsa-sha2-nistp256":
            return .p256(try P256.Signing.PrivateKey(rawRepresentation: try scalar(&reader, width: 32)))
        case "ecdsa-sha2-nistp384":
            return .p384(try P384.Signing.PrivateKey(rawRepresentation: try scalar(&reader, width: 48)))
        case "ecdsa-sha2-nistp521":
            return .p521(try P521.Signing.PrivateKey(rawRepresentation: try scalar(&reader, width: 66)))
        case "ssh-rsa":
            let (n, e) = (try reader.number(), try reader.number())
            var d = try reader.number()
            defer { wipe(&d) }
            _ = try reader.number()
            var (p, q) = (try reader.number(), try reader.number())
            defer {
                wipe(&p)
                wipe(&q)
            }
            return .rsa(try _RSA.Signing.PrivateKey(n: n, e: e, d: d, p: p, q: q))
        default: throw AttestorError("an SSH key of kind \(algorithm) is not known")
        }
    }

    /// The secret number of an ECDSA key behind its curve and its point, in its full width.
    private static func scalar(_ reader: inout SSHWireReader, width: Int) throws -> [UInt8] {
        _ = try reader.string()
        _ = try reader.string()
        let number = try reader.number()
        guard number.count <= width else { throw SSHWireReader.Malformed() }
        return [UInt8](repeating: 0, count: width - number.count) + number
    }

    /// The public key that belongs to the private one, as ``publicMembers`` has it.
    private func publicWire() throws -> [UInt8] {
        func point(_ curve: String, _ bytes: some Sequence<UInt8>) -> [UInt8] {
            SSHWire.string(Array(curve.utf8)) + SSHWire.string([UInt8](bytes))
        }
        switch backing {
        case .ed25519(let key): return SSHWire.string([UInt8](key.publicKey.rawRepresentation))
        case .p256(let key): return point("nistp256", key.publicKey.x963Representation)
        case .p384(let key): return point("nistp384", key.publicKey.x963Representation)
        case .p521(let key): return point("nistp521", key.publicKey.x963Representation)
        case .rsa(let key):
            let primitives = try key.publicKey.getKeyPrimitives()
            return SSHWire.number([UInt8](primitives.publicExponent)) + SSHWire.number([UInt8](primitives.modulus))
        }
    }

    /// Signs a message as OpenSSH does.
    /// - Returns: the name of the way, and the signature in its wire form.
    /// - Throws: what the crypto library fails with.
    func signature(over message: [UInt8]) throws -> (format: String, blob: [UInt8]) {
        func pair(_ raw: some Sequence<UInt8>) -> [UInt8] {
            let bytes = [UInt8](raw)
            return SSHWire.number(Array(bytes.prefix(bytes.count / 2)))
                + SSHWire.number(Array(bytes.suffix(bytes.count / 2)))
        }
        switch backing {
        case .ed25519(let key): return (algorithm, [UInt8](try key.signature(for: message)))
        case .p256(let key):
            return (algorithm, pair(try key.signature(for: SHA256.hash(data: message)).rawRepresentation))
        case .p384(let key):
            return (algorithm, pair(try key.signature(for: SHA384.hash(data: message)).rawRepresentation))
        case .p521(let key):
            return (algorithm, pair(try key.signature(for: SHA512.hash(data: message)).rawRepresentation))
        case .rsa(let key):
            // Not `ssh-rsa`, which means SHA-1.
            let signature = try key.signature(for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
            return ("rsa-sha2-256", [UInt8](signature.rawRepresentation))
        }
    }
}
