// SPDX-License-Identifier: Apache-2.0

private import Synchronization

/// Makes a proof anew for each attestation: a node's key, certificate or token may have been replaced since the last one.
public final class RereadProof: NodeProof {
    private let make: @Sendable () async throws -> any NodeProof
    private let current = Mutex<(any NodeProof)?>(nil)

    /// Asks `make` at the beginning of each attestation.
    public init(_ make: @escaping @Sendable () async throws -> any NodeProof) { self.make = make }

    /// What the new proof sends first.
    public func data() async throws -> NodeAttestationData {
        let proof = try await make()
        current.withLock { $0 = proof }
        return try await proof.data()
    }

    /// The answer of the proof that sent the data.
    /// - Throws: ``AttestorError`` when none did; what that one throws.
    public func answer(_ challenge: [UInt8]) async throws -> [UInt8] {
        guard let proof = current.withLock({ $0 }) else { throw AttestorError("a challenge before anything was sent") }
        return try await proof.answer(challenge)
    }

    /// Forgets the proof.
    public func finish() async {
        let proof = current.withLock { proof in
            defer { proof = nil }
            return proof
        }
        await proof?.finish()
    }
}
