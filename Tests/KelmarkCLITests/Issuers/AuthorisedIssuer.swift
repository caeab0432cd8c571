// SPDX-License-Identifier: Apache-2.0

import Foundation
import Issuer
import JOSE
import KelmarkBytes
import KelmarkCrypto
import SPIFFE
import Synchronization

@testable import KelmarkCLI

/// A home with an organisation `acme`, and its issuer `issuer` that it authorised for `acme.example`.
struct AuthorisedIssuer {
    static let domain = try! TrustDomain("acme.example")

    let folder: CommandFolder
    let environment: [String: String]
    let context: CommandContext
    /// SAID of the authority credential.
    let credential: String

    init() async throws {
        folder = try CommandFolder()
        let pass = try folder.file("pass", "correct horse battery staple\n")
        environment = [
            "HOME": folder.path, "KELMARK_HOME": folder.path + "/home", "KELMARK_PASSPHRASE_FILE": pass,
            "KELMARK_VAULT_COST": "temp",
        ]
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pass)
        for line in ["init", "id create acme --keys 3 --threshold 2", "id create issuer"] {
            _ = try await Self.run(line, environment)
        }
        let made = try await Self.run(
            "issuer authorise issuer --from acme --trust-domain acme.example --path /web", environment)
        credential = made.data["credential"]?.textValue ?? ""
        context = try CommandDrive.context(environment: environment)
    }

    /// Runs a command line in this home.
    @discardableResult func run(_ line: String) async throws -> CommandResult { try await Self.run(line, environment) }

    private static func run(_ line: String, _ environment: [String: String]) async throws -> CommandResult {
        try await CommandDrive.run(line.split(separator: " ").map(String.init) + ["--quiet"], environment: environment)
    }

    var gate: StatementGate {
        get throws {
            StatementGate(
                context: context,
                vault: try SealedFileVault.open(at: context.home.vault, passphrase: try context.passphrase.read()),
                issuer: "issuer")
        }
    }

    /// A fresh signing key with the validity that it would have.
    static func prepared(
        _ slot: AuthoritySlot = .x509A, at now: CertificateTime = SystemIssuerClock().now(), lifetime: Int64 = 3_600
    ) throws -> PreparedKey {
        let key = try PrivateKey(generating: .p256).publicKey
        return PreparedKey(
            key: try AuthorityKey(slot: slot, subjectPublicKeyInfo: key.subjectPublicKeyInfo), trustDomain: domain,
            notBefore: now.advanced(by: -10), notAfter: now.advanced(by: lifetime), allowsDownstream: false)
    }
}

/// A clock that stands still until a test moves it.
final class StandingClock: IssuerClock {
    private let passed = Mutex(Duration.zero)

    func now() -> CertificateTime { SystemIssuerClock().now() }
    func uptime() -> Duration { passed.withLock { $0 } }
    func pass(_ duration: Duration) { passed.withLock { $0 += duration } }
    func sleep(for duration: Duration) async throws(CancellationError) { throw CancellationError() }
}
