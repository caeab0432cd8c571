// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import SwiftASN1

@testable import NodeAgent

/// An issuer whose answers a test decides about. Without a script it works as a real one does.
actor ScriptedIssuer: IssuerClient {
    enum Call: Hashable { case attest, renew, entries, x509, jwt, bundle, federated, status }

    let authority: TestAuthority
    let clock: TestClock
    var entries: [RegistrationEntry] = []
    var ownBundle: TrustBundle
    var federated: [TrustDomain: TrustBundle] = [:]
    var isReattestable = false
    var lifetime: Int64 = 3600
    var tokenLifetime: Int64 = 300
    /// Who signs certificates now.
    var signer: TestAuthority
    private(set) var calls: [Call: Int] = [:]
    private(set) var batches: [Int] = []
    private(set) var credentials: IssuerCredentials?
    private(set) var attested: [NodeAttestationData] = []
    /// Who the agent said that it was, each time it attested.
    private(set) var shownToAttest: [AgentIdentity?] = []
    /// Who signs tokens, if not the authority of the beginning.
    var tokenSigner: TestAuthority?
    private var failures: [Call: [IssuerClientError]] = [:]
    private var lasting: [Call: IssuerClientError] = [:]
    /// How many answers of a batch get lost.
    var loses = 0
    /// Whether tokens never come.
    var hangs = false
    var refusals: [String: IssuerClientError] = [:]
    var challenges: [[UInt8]] = []
    private(set) var answers: [[UInt8]] = []
    /// For whom a token is beside those who were asked for.
    var furtherAudiences: [String] = []
    /// What is done to chains before they are handed out.
    var damage: @Sendable ([[UInt8]]) -> [[UInt8]] = { $0 }
    private var waiters: [(call: Call, count: Int, continuation: CheckedContinuation<Void, Never>)] = []

    init(_ authority: TestAuthority = TestAuthority(), clock: TestClock = TestClock()) {
        self.authority = authority
        self.clock = clock
        signer = authority
        ownBundle = authority.bundle(sequence: 1)
    }

    func change(_ body: @Sendable (isolated ScriptedIssuer) -> Void) { body(self) }
    func fail(_ call: Call, _ errors: IssuerClientError.Code...) {
        failures[call, default: []] += errors.map { IssuerClientError($0) }
    }
    func keepFailing(_ call: Call, _ code: IssuerClientError.Code?) {
        lasting[call] = code.map { IssuerClientError($0) }
    }

    func forgetCalls() { calls = [:] }

    /// Returns when a call was made at least so often.
    func until(_ call: Call, _ count: Int) async {
        guard calls[call, default: 0] < count else { return }
        await withCheckedContinuation { waiters.append((call, count, $0)) }
    }

    private func count(_ call: Call) throws(IssuerClientError) {
        calls[call, default: 0] += 1
        for waiter in waiters where waiter.call == call && waiter.count <= calls[call]! { waiter.continuation.resume() }
        waiters.removeAll { $0.call == call && $0.count <= calls[call]! }
        if let error = lasting[call] { throw error }
        if failures[call]?.isEmpty == false { throw failures[call]!.removeFirst() }
    }

    func use(_ credentials: IssuerCredentials) { self.credentials = credentials }

    func attest(
        _ data: NodeAttestationData, request: [UInt8],
        answer: @Sendable ([UInt8]) async throws(IssuerClientError) -> [UInt8]
    ) async throws(IssuerClientError) -> IssuedAgentSVID {
        try count(.attest)
        attested.append(data)
        shownToAttest.append(credentials?.identity)
        for challenge in challenges { answers.append(try await answer(challenge)) }
        return IssuedAgentSVID(
            chain: damage(
                signer.chain(
                    Sample.agentID, request: request, notBefore: clock.now().advanced(by: -10), lifetime: lifetime)),
            isReattestable: isReattestable)
    }

    func renew(request: [UInt8]) throws(IssuerClientError) -> [[UInt8]] {
        try count(.renew)
        return damage(
            signer.chain(Sample.agentID, request: request, notBefore: clock.now().advanced(by: -10), lifetime: lifetime)
        )
    }

    func syncEntries(known: [EntryRevision]) throws(IssuerClientError) -> EntryChanges {
        try count(.entries)
        return EntryChanges(
            updated: entries.filter { !known.contains(EntryRevision(of: $0)) },
            removed: Set(known.map(\.id)).subtracting(entries.map(\.id)))
    }

    func newX509SVIDs(_ requests: [X509SVIDRequest]) throws(IssuerClientError) -> [X509SVIDAnswer] {
        batches.append(requests.count)
        try count(.x509)
        return requests.dropLast(loses).map { request in
            if let refusal = refusals[request.entryID] { return .refused(refusal) }
            guard let entry = entries.first(where: { $0.id == request.entryID }) else {
                return .refused(IssuerClientError(.notFound))
            }
            return .issued(
                damage(
                    signer.chain(
                        entry.spiffeID, request: request.request, notBefore: clock.now().advanced(by: -10),
                        lifetime: lifetime)))
        }
    }

    func newJWTSVID(entryID: String, audience: [String]) async throws(IssuerClientError) -> IssuedJWTSVID {
        try count(.jwt)
        if hangs { try? await clock.sleep(for: .seconds(1_000_000)) }
        guard let entry = entries.first(where: { $0.id == entryID }) else { throw IssuerClientError(.notFound) }
        return await (tokenSigner ?? authority).token(
            entry.spiffeID, audience: audience + furtherAudiences, at: clock.now(), lifetime: tokenLifetime)
    }

    func bundle() throws(IssuerClientError) -> TrustBundle {
        try count(.bundle)
        return ownBundle
    }

    func federatedBundle(of trustDomain: TrustDomain) throws(IssuerClientError) -> TrustBundle? {
        try count(.federated)
        return federated[trustDomain]
    }

    func postStatus(agentVersion: String) throws(IssuerClientError) { try count(.status) }
}
