// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import KelmarkCrypto
public import SPIFFE
internal import SwiftASN1
internal import X509

/// Reads the files of a ``DiskUpstreamAuthority``; injected, because services touch no file system.
public protocol UpstreamFiles: Sendable {
    /// The bytes of a file of at most `limit` bytes.
    /// - Throws: when there is no such file, it can't be read, or it is larger.
    func read(_ path: String, limit: Int) async throws -> [UInt8]
}

/// An authority whose certificate and key lie in files, read anew for each certificate. Facts (SPIFFE) 13.5.
public struct DiskUpstreamAuthority: UpstreamAuthority {
    /// Most bytes of one file.
    static let largestFile = 1 << 20

    private let files: any UpstreamFiles
    private let certificatePath: String
    private let keyPath: String
    private let bundlePath: String?
    private let clock: any IssuerClock
    private let random: RandomSource

    /// An authority of these files, all PEM.
    ///
    /// - Parameters:
    ///   - files: reads them.
    ///   - certificatePath: the authority's certificate, then those above it, if any.
    ///   - keyPath: its unencrypted key in PKCS#8.
    ///   - bundlePath: the roots; nil when the certificate is the root.
    ///   - clock: time.
    ///   - random: serial numbers.
    public init(
        files: any UpstreamFiles, certificatePath: String, keyPath: String, bundlePath: String? = nil,
        clock: any IssuerClock, random: RandomSource = .system
    ) {
        self.files = files
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        self.bundlePath = bundlePath
        self.clock = clock
        self.random = random
    }

    /// Certifies the key of a request.
    /// - Throws: ``IssuerError``, `unavailable` when the files do not fit together.
    public func certify(
        request der: [UInt8], for trustDomain: TrustDomain, lifetime: Int64
    ) async throws -> UpstreamCertificate {
        let now = clock.now()
        let (own, chain, roots, key, algorithm) = try await load(at: now)
        let requested = try IssuingService.key(in: der)
        let issuer = CertificateProfile.Issuer(
            name: own.certificate.subject,
            keyIdentifier: own.subjectKeyIdentifier ?? KeyIdentifier.subjectKeyIdentifier(of: key.publicKey),
            notBefore: own.notBefore, notAfter: own.notAfter)
        let certificate: X509Certificate
        do {
            let content = try CertificateProfile.downstream(
                publicKey: requested.publicKey, trustDomain: trustDomain,
                names: SubjectNames(country: "US", organization: "SPIFFE"), issuer: issuer,
                validity: CertificateProfile.Validity(now: now, lifetime: lifetime, within: issuer),
                serial: try random.serial())
            let body = try content.body(for: algorithm.certificateAlgorithm)
            let signature = try key.signature(over: body, algorithm: algorithm.signatureAlgorithm)
            certificate = try CertificateContent.certificate(
                body: body, signature: signature, algorithm: algorithm.certificateAlgorithm)
        } catch {
            throw IssuerError(.internal, "upstream authority can't sign", cause: error)
        }
        // Roots are not shipped: whoever trusts them has them.
        return UpstreamCertificate(chain: [certificate] + chain.filter { !roots.contains($0) }, roots: roots)
    }

    /// Looks whether the files fit together now, so that an operator hears of it before anybody is served.
    /// - Throws: ``IssuerError`` as ``certify(request:for:lifetime:)``.
    public func check() async throws { _ = try await load(at: clock.now()) }

    // MARK: Files

    private typealias Loaded = (
        own: X509Certificate, chain: [X509Certificate], roots: [X509Certificate], key: PrivateKey,
        algorithm: AuthorityKeyAlgorithm
    )

    private func load(at now: CertificateTime) async throws(IssuerError) -> Loaded {
        let chain = try await certificates(in: certificatePath)
        guard let own = chain.first, own.isAuthority, own.keyUsage?.keyCertSign ?? true else {
            throw Self.unusable("the certificate is no authority")
        }
        if let most = own.pathLength, most < 1 { throw Self.unusable("the certificate allows no authority below it") }
        let key = try await privateKey()
        guard (try? PublicKey(subjectPublicKeyInfo: own.subjectPublicKeyInfo)) == key.publicKey else {
            throw Self.unusable("the key is not the certificate's")
        }
        guard let algorithm = AuthorityKeyAlgorithm(any: key.publicKey.kind) else {
            throw Self.unusable("the key is of a kind that is not used")
        }
        guard own.isValid(at: now) else { throw Self.unusable("the certificate is not valid now") }
        if let bundlePath {
            return (own, chain, try await certificates(in: bundlePath), key, algorithm)
        }
        guard chain.count == 1 else { throw Self.unusable("several certificates need a bundle of roots") }
        return (own, chain, [own], key, algorithm)
    }

    private func certificates(in path: String) async throws(IssuerError) -> [X509Certificate] {
        let text = String(decoding: try await bytes(of: path), as: UTF8.self)
        do {
            let certificates = try PEMDocument.parseMultiple(pemString: text).map { document in
                guard document.discriminator == "CERTIFICATE" else { throw Self.unusable("\(path) has other content") }
                return try X509Certificate(der: document.derBytes)
            }
            guard !certificates.isEmpty, certificates.count < X509SVIDOutcome.longestChain else {
                throw Self.unusable("\(path) has no or too many certificates")
            }
            return certificates
        } catch let error as IssuerError {
            throw error
        } catch {
            throw IssuerError(.unavailable, "upstream authority is not usable", cause: error)
        }
    }

    private func privateKey() async throws(IssuerError) -> PrivateKey {
        var content = try await bytes(of: keyPath)
        defer { wipe(&content) }
        guard let document = try? PEMDocument(pemString: String(decoding: content, as: UTF8.self)),
            document.discriminator == "PRIVATE KEY", let key = try? PrivateKey(pkcs8: document.derBytes)
        else { throw Self.unusable("\(keyPath) is no PKCS#8 key") }
        return key
    }

    private func bytes(of path: String) async throws(IssuerError) -> [UInt8] {
        do {
            return try await files.read(path, limit: Self.largestFile)
        } catch {
            throw IssuerError(.unavailable, "upstream authority can't be read", cause: error)
        }
    }

    private static func unusable(_ detail: String) -> IssuerError {
        IssuerError(.unavailable, "upstream authority is not usable", detail: detail)
    }
}

extension AuthorityKeyAlgorithm {
    /// How a key of an authority elsewhere signs; RSA keys of any length sign alike.
    fileprivate init?(any kind: PublicKey.Kind) {
        switch kind {
        case .p256: self = .p256
        case .p384: self = .p384
        case .rsa: self = .rsa2048
        case .p521, .ed25519: return nil
        }
    }
}
