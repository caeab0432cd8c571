// SPDX-License-Identifier: Apache-2.0

import IdentityGRPC
import IdentityHTTP
import Issuer
import KelmarkCrypto
import Logging
import SPIFFE
import Testing
import Transparency

@testable import KelmarkCLI

struct IssuerMetricsTests {
    /// An issuer in memory, metered as `issuer serve` meters its own.
    private struct Metered {
        let issuance = IssuanceMeter()
        let facades: IssuerFacades
        let rotation: RotationService

        init(authorizer: any IssuanceAuthorizer = OpenIssuance(), store: any IssuanceStore = MemoryIssuanceStore())
            async throws
        {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let domain = try TrustDomain("example.org")
            let clock = SystemIssuerClock()
            let authorities = try await AuthorityService.open(
                configuration: IssuerConfiguration(trustDomain: domain),
                keys: VaultAuthorityKeys.inMemory(), store: MemoryAuthorityStore(),
                gate: OpenGate(), clock: clock, logger: logger)
            let blinding = try LeafBlinding(log: "log", salt: try SecretBytes.random(count: 32))
            let issuing = IssuingService(
                authorities: authorities, store: MeteredIssuances(store: store, meter: issuance),
                authorizer: MeteredAuthorizer(authorizer: authorizer, meter: issuance), blinding: blinding,
                logger: logger)
            rotation = RotationService(authorities: authorities, issuing: issuing, logger: logger)
            await rotation.look()
            let directory = try await RegistrationDirectory.open(
                trustDomain: domain, store: MemoryRegistrationStore())
            let limiter = RateLimiter(RateLimits(), clock: clock)
            let agents = AgentService(
                directory, attestors: [JoinTokenAttestor(directory, clock: clock)], signer: issuing,
                limiter: limiter, clock: clock)
            facades = IssuerFacades(
                issuing: issuing, authorities: authorities, entries: EntryService(directory, clock: clock),
                agents: agents, federation: FederationService(directory),
                authorization: CallAuthorization(directory, agents: agents, administrators: [], clock: clock),
                limiter: limiter, audit: AuditTrail(store: store, blinding: blinding), clock: clock,
                levels: LogLevelSwitch(launch: .info),
                identity: { [rotation] in rotation.serverIdentity?.svid })
        }

        func families() async -> [MetricFamily.StaticName: MetricFamily] {
            let metrics = IssuerMetrics(
                facades, issuance: issuance,
                meters: [CallMeter(listener: "operators"), CallMeter(listener: "agents")])
            return Dictionary(uniqueKeysWithValues: await metrics.families().map { ($0.name, $0) })
        }

        func number(_ definition: MetricDefinition, _ labels: [String] = []) async -> Double? {
            let sample = await families()[definition.name]?.samples.first { $0.labels.map(\.value) == labels }
            if case .number(let number)? = sample?.reading { return number }
            return nil
        }
    }

    @Test func issuersTellEverythingThatTheCatalogHas() async throws {
        let issuer = try await Metered()
        #expect(
            Set(await issuer.families().keys)
                == Set((MetricCatalog.Process.all + MetricCatalog.Issuer.all).map(\.name)))
        #expect(await issuer.number(MetricCatalog.Issuer.authorities, ["x509", "active"]) == 1)
        #expect(await issuer.number(MetricCatalog.Issuer.authorities, ["x509", "old"]) == 0)
        #expect(await issuer.number(MetricCatalog.Issuer.entries) == 0)
        #expect(await issuer.number(MetricCatalog.Issuer.federated) == 0)
        #expect(await issuer.number(MetricCatalog.Issuer.agents, ["banned"]) == 0)
        #expect(await issuer.number(MetricCatalog.Issuer.bundleAuthorities, ["x509"]) == 1)
        let expiry = try #require(await issuer.number(MetricCatalog.Issuer.identityExpiry))
        let leaf = try #require(issuer.rotation.serverIdentity?.svid.chain.first)
        #expect(expiry == Double(leaf.notAfter.seconds))
    }

    /// The issuer's own SVID is the first that is signed.
    @Test func whatIsSignedIsCounted() async throws {
        let issuer = try await Metered()
        #expect(await issuer.number(MetricCatalog.Issuer.signed, ["x509-svid"]) == 1)
        #expect(await issuer.number(MetricCatalog.Issuer.signed, ["jwt-svid"]) == 0)
        #expect(await issuer.number(MetricCatalog.Issuer.refused, ["x509-svid"]) == 0)
        #expect(await issuer.number(MetricCatalog.Issuer.storeFailures) == 0)
    }

    @Test func whatMayNotBeSignedIsCounted() async throws {
        struct Refusal: IssuanceAuthorizer {
            func decide(about proposal: IssuanceProposal) -> IssuanceDecision { .refused(["no"]) }
        }
        let issuer = try await Metered(authorizer: Refusal())
        #expect(try #require(await issuer.number(MetricCatalog.Issuer.refused, ["x509-svid"])) >= 1)
        #expect(await issuer.number(MetricCatalog.Issuer.signed, ["x509-svid"]) == 0)
        #expect(await issuer.number(MetricCatalog.Issuer.identityExpiry) == nil)
    }

    /// What could not be recorded was not handed out, and is not counted as signed.
    @Test func whatCanNotBeRecordedIsCounted() async throws {
        let issuer = try await Metered(store: FullStore())
        #expect(try #require(await issuer.number(MetricCatalog.Issuer.storeFailures)) >= 1)
        #expect(await issuer.number(MetricCatalog.Issuer.signed, ["x509-svid"]) == 0)
    }
}

/// A store that has no room.
private struct FullStore: IssuanceStore {
    func commit(_ batch: IssuanceBatch) async throws -> [UInt64] { throw IssuerStoreError(.full, "") }
    func leafCount() async throws -> UInt64 { 0 }
    func root() async throws -> TreeRoot { .empty }
    func inclusionProof(of index: UInt64) async throws -> ProvenIssuance? { nil }
    func consistencyProof(from size: UInt64) async throws -> ProvenGrowth? { nil }
    func leaves(named serial: String) async throws -> [UInt64] { [] }
    func issuances(from index: UInt64, limit: Int) async throws -> [StoredIssuance] { [] }
    func auditRecords(from index: UInt64, limit: Int) async throws -> [AuditRecord] { [] }
    func auditHead() async throws -> AuditChain.Position { throw IssuerStoreError(.full, "") }
}
