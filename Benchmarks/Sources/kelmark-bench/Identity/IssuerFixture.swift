// SPDX-License-Identifier: Apache-2.0

import Crypto
import Glibc
import Issuer
import KelmarkCrypto
import Logging
import SPIFFE
import SwiftASN1
import X509

/// An issuer in this process, and what an agent sends it.
enum IssuerFixture {
    /// The system's clocks.
    struct Clock: IssuerClock {
        private let start = ContinuousClock.now

        func now() -> CertificateTime {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return CertificateTime(seconds: Int64(time.tv_sec)) ?? .earliest
        }

        func uptime() -> Duration { ContinuousClock.now - start }

        func sleep(for duration: Duration) async throws(CancellationError) {
            do {
                try await Task.sleep(for: duration)
            } catch {
                throw CancellationError()
            }
        }
    }

    static let domain = "bench.example"

    static func id(_ path: String) throws -> SPIFFEID { try SPIFFEID("spiffe://\(domain)\(path)") }

    /// A PKCS#10 request of a fresh P-256 key.
    static func request() throws -> [UInt8] {
        let request = try CertificateSigningRequest(
            version: .v1, subject: DistinguishedName(), privateKey: Certificate.PrivateKey(P256.Signing.PrivateKey()),
            attributes: CertificateSigningRequest.Attributes(), signatureAlgorithm: .ecdsaWithSHA256)
        var serializer = DER.Serializer()
        try serializer.serialize(request)
        return serializer.serializedBytes
    }

    /// An entry with one selector.
    static func entry() throws -> RegistrationEntry {
        RegistrationEntry(
            id: "bench", spiffeID: try id("/workload"), parentID: try id("/spire/agent/one"),
            selectors: [try Selector("unix:uid:1000")])
    }

    /// An issuer of a plain SPIFFE server with P-256 authorities in memory, which records in a store.
    static func service(_ store: any IssuanceStore) async throws -> IssuingService {
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let authorities = try await AuthorityService.open(
            configuration: IssuerConfiguration(trustDomain: try TrustDomain(domain)),
            keys: VaultAuthorityKeys.inMemory(), store: MemoryAuthorityStore(), gate: OpenGate(), clock: Clock(),
            logger: logger)
        for kind in authorities.kinds {
            let prepared = try await authorities.prepare(kind)
            _ = try await authorities.activate(kind, prepared.authorityID)
        }
        return IssuingService(
            authorities: authorities, store: store,
            blinding: try LeafBlinding(log: "bench", salt: try SecretBytes.random(count: 32)), logger: logger)
    }
}
