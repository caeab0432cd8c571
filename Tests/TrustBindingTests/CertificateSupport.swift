// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import KelmarkCrypto
import SPIFFE
import SwiftASN1
import Testing
import X509

@testable import TrustBinding

/// A P-256 key of a test; the seed makes it the same in every run.
struct FakeAuthorityKey: Signer {
    let key: P256.Signing.PrivateKey
    var publicKey: [UInt8] { [UInt8](key.publicKey.compressedRepresentation) }
    /// What is done to a signature before it is handed out.
    var damage: @Sendable ([UInt8]) throws -> [UInt8] = { $0 }

    init(_ seed: UInt8) {
        key = try! P256.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: seed, count: 32))
    }

    let algorithm = SignatureAlgorithm.secp256r1

    func signature(over message: [UInt8]) async throws -> [UInt8] {
        try damage([UInt8](key.signature(for: message).rawRepresentation))
    }
}

enum Sample {
    static let now = CertificateTime("2026-08-01T12:00:00Z")!
    static let domain = try! TrustDomain("example.org")
    static let id = try! SPIFFEID("spiffe://example.org/web")
    static let aid = "EIssuerAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    static let statement = "EStatementAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    static func serial(_ seed: UInt8) -> CertificateSerial {
        CertificateSerial(random: [UInt8](repeating: seed, count: 16))!
    }

    static func authority(
        seed: UInt8 = 1, domain: TrustDomain = domain, pathLength: Int = 0,
        notBefore: CertificateTime = now.advanced(by: -3600), notAfter: CertificateTime = now.advanced(by: 86_400)
    ) async throws -> IssuingAuthority<FakeAuthorityKey> {
        try await IssuingAuthority.selfSigned(
            key: FakeAuthorityKey(seed), trustDomain: domain, hints: SubjectHints(aid: aid, statement: statement),
            notBefore: notBefore, notAfter: notAfter, serial: serial(0xF1), pathLength: pathLength)
    }

    /// A PKCS#10 request of `key` with the given names and extensions.
    static func request(
        _ key: Certificate.PrivateKey = Certificate.PrivateKey(
            try! P256.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: 9, count: 32))),
        names: [GeneralName] = [], isAuthority: Bool = false
    ) throws -> [UInt8] {
        var extensions = Certificate.Extensions()
        if !names.isEmpty { try extensions.append(.init(SubjectAlternativeNames(names), critical: false)) }
        if isAuthority {
            try extensions.append(
                .init(BasicConstraints.isCertificateAuthority(maxPathLength: nil), critical: true))
        }
        let attributes =
            extensions.isEmpty
            ? [] : [try CertificateSigningRequest.Attribute(ExtensionRequest(extensions: extensions))]
        let request = try CertificateSigningRequest(
            version: .v1, subject: DistinguishedName { CommonName("ignored") }, privateKey: key,
            attributes: .init(attributes))
        var serializer = DER.Serializer()
        try serializer.serialize(request)
        return serializer.serializedBytes
    }
}

/// A folder that is gone when the value is.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "kelmark-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ name: String, _ text: String) throws -> String {
        let path = url.appending(path: name)
        try Data(text.utf8).write(to: path)
        return path.path()
    }
}

/// Runs `openssl`; a machine without it fails the test.
func openssl(_ arguments: [String], in folder: TemporaryFolder) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.currentDirectoryURL = folder.url
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}
