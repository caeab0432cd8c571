// SPDX-License-Identifier: Apache-2.0

import JOSE
import KelmarkCrypto
import Logging
import SPIFFE
import SwiftASN1
import Synchronization
import X509

@testable import Issuer

/// An issuer in memory.
struct IssuerFixture: Sendable {
    static let domain = try! TrustDomain("example.org")
    static let aid = "EIssuerAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    static let statement = "EStatementAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    static func id(_ path: String) -> SPIFFEID { try! SPIFFEID(trustDomain: domain, path: path) }
    static let web = id("/web")
    static let agent = id("/spire/agent/one")
    static let requester = Requester(agent)

    let clock: ManualIssuerClock
    let vault: InMemoryVault
    let authorityStore: any AuthorityStore
    let issuanceStore: any IssuanceStore
    let authorities: AuthorityService
    let issuing: IssuingService
    let rotation: RotationService
    let upkeep: AdmissionUpkeep
    let bundles: BundleService

    /// An issuer whose authorities are active unless said otherwise.
    init(
        clock: ManualIssuerClock = ManualIssuerClock(), vault: InMemoryVault = InMemoryVault(),
        authorityStore: any AuthorityStore = MemoryAuthorityStore(),
        issuanceStore: any IssuanceStore = MemoryIssuanceStore(), gate: any AuthorityGate = OpenGate(),
        upstream: (any UpstreamAuthority)? = nil, authorizer: any IssuanceAuthorizer = OpenIssuance(),
        starts: Bool = true, configure: (inout IssuerConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = IssuerConfiguration(trustDomain: Self.domain)
        configure(&configuration)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        self.clock = clock
        self.vault = vault
        self.authorityStore = authorityStore
        self.issuanceStore = issuanceStore
        authorities = try await AuthorityService.open(
            configuration: configuration, keys: try await VaultAuthorityKeys.open(vault), store: authorityStore,
            gate: gate, upstream: upstream, audit: issuanceStore, clock: clock, logger: logger)
        issuing = IssuingService(
            authorities: authorities, store: issuanceStore, authorizer: authorizer,
            blinding: try await LeafBlinding.open(log: "log", in: vault), logger: logger)
        rotation = RotationService(authorities: authorities, issuing: issuing, logger: logger)
        upkeep = AdmissionUpkeep(authorities: authorities, logger: logger)
        bundles = BundleService(authorities)
        if starts { await rotation.look() }
    }

    /// The same issuer after a restart.
    func restarted(
        gate: any AuthorityGate = OpenGate(), upstream: (any UpstreamAuthority)? = nil
    ) async throws -> IssuerFixture {
        try await IssuerFixture(
            clock: clock, vault: vault, authorityStore: authorityStore, issuanceStore: issuanceStore, gate: gate,
            upstream: upstream, starts: false)
    }

    /// An entry for a workload.
    static func entry(
        _ id: SPIFFEID = web, dnsNames: [String] = [], x509TTL: Int32 = 0, jwtTTL: Int32 = 0, expiresAt: Int64 = 0
    ) -> RegistrationEntry {
        var entry = RegistrationEntry(
            id: "entry-1", spiffeID: id, parentID: agent, selectors: [try! Selector("unix:uid:1000")])
        entry.dnsNames = dnsNames
        entry.x509SVIDTTL = x509TTL
        entry.jwtSVIDTTL = jwtTTL
        entry.expiresAt = expiresAt
        return entry
    }

    /// A PKCS#10 request of a fresh key.
    static func request(
        _ key: PrivateKey = try! PrivateKey(generating: .p256), names: [GeneralName] = [],
        subject: DistinguishedName = DistinguishedName(), damagesSignature: Bool = false
    ) throws -> [UInt8] {
        let content = CertificateRequestContent(
            subject: subject, publicKey: try Certificate.PublicKey(derEncoded: key.publicKey.subjectPublicKeyInfo),
            names: names)
        let body = try content.body()
        var signature = try key.signature(
            over: damagesSignature ? body + [0] : body, algorithm: .usual(for: key.publicKey.kind)!)
        if signature.isEmpty { signature = [0] }
        let algorithm: CertificateContent.SignatureAlgorithm =
            switch key.publicKey.kind {
            case .p384: .ecdsaWithSHA384
            case .rsa: .rsaWithSHA256
            default: .ecdsaWithSHA256
            }
        return try CertificateRequestContent.request(body: body, signature: signature, algorithm: algorithm)
    }

    /// The attributes of a subject, in order.
    static func subject(of certificate: X509Certificate) -> [String] {
        certificate.certificate.subject.map { relative in relative.map(\.description).joined() }
    }

    /// One certificate for the entry.
    func issued(
        _ entry: RegistrationEntry = entry(), request: [UInt8]? = nil
    ) async throws -> IssuedX509SVID {
        let request = try request ?? Self.request()
        return try await issuing.newX509SVIDs(
            [X509SVIDRequest(entry: entry, request: request)], for: Self.requester)[0].get()
    }
}

/// A gate that a test opens, shuts or keeps waiting; it counts what it was asked.
final class ScriptedGate: AuthorityGate {
    enum Answer: Sendable {
        case admit(Admission)
        /// Admits each key by a statement of its own.
        case state
        case refuse(String)
        case decide(@Sendable (PreparedKey) throws -> Admission)
        case fail
        case hang
    }

    private struct Trouble: Error {}

    private struct State {
        var answer: Answer
        var asked: [PreparedKey] = []
        var standing = Standing.all
        var failsToWithdraw = false
        var withdrawn: [StatedAuthority] = []
    }

    private let state: Mutex<State>

    /// What the gate says of those that it admitted.
    enum Standing: Sendable {
        case all
        case none(but: String?)
        case allBut(Set<String>)
        /// The statements are not at hand.
        case lost(Set<String>)
        case unknown
    }

    init(_ answer: Answer) { state = Mutex(State(answer: answer)) }

    func set(_ standing: Standing) { state.withLock { $0.standing = standing } }

    func standing(of admissions: Set<Admission>) throws -> [Admission: AdmissionStanding] {
        let standing = state.withLock { $0.standing }
        var found: [Admission: AdmissionStanding] = [:]
        for admission in admissions {
            let statement = admission.statement ?? ""
            switch standing {
            case .all: found[admission] = .stands
            case .none(let exception): found[admission] = statement == exception ? .stands : .ended
            case .allBut(let exceptions): found[admission] = exceptions.contains(statement) ? .ended : .stands
            case .lost(let lost): found[admission] = lost.contains(statement) ? nil : .stands
            case .unknown: throw Trouble()
            }
        }
        return found
    }

    /// The statement about one key.
    static func statement(of authorityID: String) -> String {
        String(repeating: "E", count: 44 - authorityID.utf8.count) + authorityID
    }

    /// What was withdrawn, as often as it was.
    var withdrawn: [StatedAuthority] { state.withLock { $0.withdrawn } }
    func failsToWithdraw(_ fails: Bool) { state.withLock { $0.failsToWithdraw = fails } }

    func withdraw(_ authority: StatedAuthority) throws {
        try state.withLock { state in
            guard !state.failsToWithdraw else { throw Trouble() }
            state.withdrawn.append(authority)
        }
    }

    func set(_ answer: Answer) { state.withLock { $0.answer = answer } }
    var asked: [PreparedKey] { state.withLock { $0.asked } }

    func admit(_ key: PreparedKey) async throws -> Admission {
        let answer = state.withLock { state in
            state.asked.append(key)
            return state.answer
        }
        switch answer {
        case .admit(let admission): return admission
        case .state:
            let statement = Self.statement(of: key.key.authorityID)
            guard let admission = Admission(aid: IssuerFixture.aid, statement: statement) else { throw Trouble() }
            return admission
        case .refuse(let reason): throw AdmissionRefusal([reason])
        case .decide(let decide): return try decide(key)
        case .fail: throw Trouble()
        case .hang:
            let (stream, _) = AsyncStream.makeStream(of: Void.self)
            for await _ in stream {}
            throw CancellationError()
        }
    }
}

/// An authorizer that answers what a test says.
struct ScriptedAuthorizer: IssuanceAuthorizer {
    let answer: @Sendable (IssuanceProposal) -> IssuanceDecision

    func decide(about proposal: IssuanceProposal) async -> IssuanceDecision { answer(proposal) }
}

/// Keys that never put a candidate into use, as if the process ended before.
struct StubbornKeys: AuthorityKeys {
    private struct Trouble: Error {}

    let inner: VaultAuthorityKeys

    init(_ inner: VaultAuthorityKeys) { self.inner = inner }

    func content(of slot: AuthoritySlot) async throws -> AuthoritySlotContent { inner.content(of: slot) }
    func generateCandidate(in slot: AuthoritySlot, algorithm: AuthorityKeyAlgorithm) async throws -> AuthorityKey {
        try await inner.generateCandidate(in: slot, algorithm: algorithm)
    }
    func adopt(_ candidate: AuthorityKey) async throws { throw Trouble() }
    func signature(over message: [UInt8], by key: AuthorityKey) async throws -> [UInt8] {
        try await inner.signature(over: message, by: key)
    }
    func delete(_ slot: AuthoritySlot) async throws { try await inner.delete(slot) }
}
