// SPDX-License-Identifier: Apache-2.0

import Issuer
import SPIFFE
import Synchronization

/// Signs nothing: numbers its SVIDs from 1 on, and does what a test wants in between.
final class ScriptedSigner: AgentSVIDSigner {
    private let count = Mutex(0)
    private let asked = Mutex<[Requester]>([])
    private let expiresAt: CertificateTime
    private let meanwhile: @Sendable (SPIFFEID) async throws(IssuerError) -> Void

    init(
        expiresAt: CertificateTime = CertificateTime(seconds: 1_800_003_600) ?? .latest,
        meanwhile: @escaping @Sendable (SPIFFEID) async throws(IssuerError) -> Void = { (_) throws(IssuerError) in }
    ) {
        self.expiresAt = expiresAt
        self.meanwhile = meanwhile
    }

    func signAgentSVID(
        _ id: SPIFFEID, request: [UInt8], for requester: Requester
    ) async throws(IssuerError) -> AgentSVID {
        let number = count.withLock { count in
            count += 1
            return count
        }
        asked.withLock { $0.append(requester) }
        try await meanwhile(id)
        return AgentSVID(id: id, chain: [request], serialNumber: "\(number)", expiresAt: expiresAt)
    }

    /// For whom it signed, in order.
    var requesters: [Requester] { asked.withLock { $0 } }

    var signed: Int { count.withLock { $0 } }
}

/// Asks for one or more secrets and believes whoever knows them; the payload is the last segment of the agent's path.
struct ScriptedAttestor: NodeAttestor {
    let type: String
    var secrets: [String] = []
    var canReattest = true
    var id: SPIFFEID?

    func attest(_ payload: [UInt8], from address: String?) async throws(IssuerError) -> AttestationStep {
        step(String(decoding: payload, as: UTF8.self), secrets[...])
    }

    private func step(_ name: String, _ left: ArraySlice<String>) -> AttestationStep {
        guard let secret = left.first else {
            return .attested(
                AttestedNode(
                    id: id ?? .example("/spire/agent/\(type)/\(name)"), selectors: .of("\(type):name:\(name)"),
                    canReattest: canReattest))
        }
        return .challenge(
            Array("which?".utf8), Question(attestor: self, name: name, secret: secret, rest: left.dropFirst()))
    }

    private struct Question: AttestationChallenge {
        let attestor: ScriptedAttestor
        let name: String
        let secret: String
        let rest: ArraySlice<String>

        func answered(_ response: [UInt8]) async throws(IssuerError) -> AttestationStep {
            guard response == Array(secret.utf8) else { throw IssuerError(.permissionDenied, "wrong answer") }
            return attestor.step(name, rest)
        }
    }
}
