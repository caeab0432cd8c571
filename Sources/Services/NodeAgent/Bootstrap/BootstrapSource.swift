// SPDX-License-Identifier: Apache-2.0

private import KelmarkCrypto
internal import SPIFFE
private import SwiftASN1

/// Where an agent's first trust in its issuer comes from. Facts (SPIFFE) 20.1.
public enum BootstrapSource: Sendable {
    /// A file with the bundle.
    case file(path: String, BundleFormat)
    /// A document that somebody fetches, over https or a Unix socket.
    case fetched(BundleFormat, @Sendable () async throws -> [UInt8])
    /// The bundle that whoever answers has: open to whoever stands in between at this one moment.
    case anybody
    /// The same, but only with authorities that key event logs prove or an operator named: who stands in between can
    /// refuse an answer, not change it.
    case proven

    /// How a bundle is written.
    public enum BundleFormat: String, Hashable, Sendable, CaseIterable {
        /// Certificates one after the other.
        case pem
        /// A SPIFFE bundle document.
        case spiffe
    }

    /// Most bytes of a file.
    static let largestFile = 1 << 20
}

/// Why there is no first trust.
public struct BootstrapError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The file can't be read.
        case file = "bootstrap-file"
        /// The document can't be fetched.
        case fetch = "bootstrap-fetch"
        /// What was read is no bundle.
        case document = "bootstrap-document"
        /// It has no authority for certificates.
        case empty = "bootstrap-empty"
        /// The issuer gives no bundle.
        case issuer = "bootstrap-issuer"
        /// All its authorities were trusted before and then revoked.
        case revoked = "bootstrap-revoked"
        /// No authority of it is admitted, or only by its own word where proof is asked for.
        case notAdmitted = "bootstrap-not-admitted"
    }

    /// What is wrong.
    public let code: Code
    /// One clause for the operator.
    public let detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and clause.
    public var description: String { "\(code.rawValue): \(detail)" }
}

/// Finds the first bundle.
struct Bootstrap: Sendable {
    let source: BootstrapSource
    let trustDomain: TrustDomain
    let issuer: any IssuerClient
    let admission: any BundleAdmission
    let threads: BlockingThreads
    /// The digests of authorities that this agent knew, and that left the bundle.
    var revoked: [[UInt8]] = []

    /// The bundle under which the issuer is verified from now on; it has an authority.
    /// - Throws: ``BootstrapError``.
    func bundle() async throws(BootstrapError) -> TrustBundle {
        let received: TrustBundle
        switch source {
        case .file(let path, let format): received = try parse(try await read(path), format)
        case .fetched(let format, let fetch):
            let bytes: [UInt8]
            do { bytes = try await fetch() } catch { throw BootstrapError(.fetch, "\(error)") }
            received = try parse(bytes, format)
        case .anybody, .proven:
            await issuer.use(IssuerCredentials(trust: .anybody, identity: nil))
            do throws(IssuerClientError) {
                received = try await issuer.bundle()
            } catch {
                throw BootstrapError(.issuer, error.description)
            }
            guard received.trustDomain == trustDomain else {
                throw BootstrapError(.issuer, "the bundle of \(received.trustDomain)")
            }
        }
        guard !received.x509Authorities.isEmpty else { throw BootstrapError(.empty, "\(trustDomain)") }
        return try await admitted(received)
    }

    private func admitted(_ received: TrustBundle) async throws(BootstrapError) -> TrustBundle {
        switch await admission.decide(on: received, replacing: nil) {
        case .refused(let reason): throw BootstrapError(.notAdmitted, reason)
        case .admitted(let bundle, let verdicts):
            var founded = bundle
            if case .proven = source {
                let unfounded = Set(
                    verdicts.filter { $0.outcome == .admitted(.claimed) || $0.outcome == .refused }.map(\.authority))
                let vouched = Set(verdicts.map(\.authority)).subtracting(unfounded)
                founded = bundle.filtered(vouched.contains)
            }
            guard !founded.x509Authorities.isEmpty else {
                throw BootstrapError(
                    .notAdmitted, verdicts.first { $0.outcome == .refused }?.reason ?? "nobody vouches for it")
            }
            // What a log proves to be alive is; what somebody merely says was taken back once already.
            let claimed = Set(verdicts.filter { $0.outcome == .admitted(.claimed) }.map(\.authority))
            let left = founded.filtered { authority in
                guard case .x509(let x509) = authority, claimed.contains(authority) else { return true }
                return !revoked.contains(AgentRecord.digest(x509.certificate))
            }
            guard !left.x509Authorities.isEmpty else {
                throw BootstrapError(.revoked, "what it holds was revoked; get the bundle that the issuer has now")
            }
            return left
        }
    }

    private func parse(_ bytes: [UInt8], _ format: BootstrapSource.BundleFormat) throws(BootstrapError) -> TrustBundle {
        do {
            switch format {
            case .spiffe: return try BundleDocument(parsing: bytes, trustDomain: trustDomain).bundle
            case .pem:
                guard bytes.count <= BootstrapSource.largestFile else {
                    throw BootstrapError(.document, "more than \(BootstrapSource.largestFile) bytes")
                }
                let documents = try PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self))
                let authorities = try documents.map { document in
                    guard document.discriminator == "CERTIFICATE" else {
                        throw BootstrapError(.document, "a \(document.discriminator)")
                    }
                    return X509Authority(try X509Certificate(der: document.derBytes))
                }
                return try TrustBundle(trustDomain: trustDomain, x509Authorities: authorities)
            }
        } catch let error as BootstrapError {
            throw error
        } catch {
            throw BootstrapError(.document, "\(error)")
        }
    }

    private func read(_ path: String) async throws(BootstrapError) -> [UInt8] {
        do {
            let (bytes, isWhole) = try await threads.run {
                try OpenFile.open(path, .file).read(limit: BootstrapSource.largestFile)
            }
            guard isWhole else { throw BootstrapError(.file, "\(path) is too large") }
            return bytes
        } catch let error as BootstrapError {
            throw error
        } catch {
            throw BootstrapError(.file, "\(path): \(error)")
        }
    }
}
