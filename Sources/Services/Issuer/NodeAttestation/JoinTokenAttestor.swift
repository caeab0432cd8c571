// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// Attests whoever shows a token that an operator made: once, and before its time is over. Facts (SPIFFE) 12.3.
///
/// The first attempt uses the token up, also when it comes too late.
public struct JoinTokenAttestor: NodeAttestor {
    /// `join_token`.
    public static let type = "join_token"
    /// Most bytes of a token.
    static let longestToken = 128

    private let directory: RegistrationDirectory
    private let clock: any IssuerClock

    /// Takes tokens from a directory.
    public init(_ directory: RegistrationDirectory, clock: any IssuerClock) {
        self.directory = directory
        self.clock = clock
    }

    /// `join_token`.
    public var type: String { Self.type }

    /// The payload is the token.
    public func attest(_ payload: [UInt8], from address: String?) async throws(IssuerError) -> AttestationStep {
        guard let value = String(validating: payload, as: UTF8.self), !value.isEmpty,
            value.utf8.count <= Self.longestToken
        else { throw IssuerError(.invalidArgument, "missing or malformed join token") }
        let token = try await directory.change("use a join token") { try $0.records.takeJoinToken(value) }
        guard let token else {
            throw IssuerError(
                .invalidArgument, "failed to attest: join token does not exist or has already been used")
        }
        guard clock.now().seconds < token.expiresAt else {
            throw IssuerError(.invalidArgument, "join token expired")
        }
        let id = try Self.agentID(of: value, in: directory.trustDomain)
        return .attested(AttestedNode(id: id, selectors: [], canReattest: false))
    }

    /// Who an agent with a token becomes.
    /// - Throws: `invalidArgument` for a token that can't be a part of a path.
    static func agentID(of token: String, in domain: TrustDomain) throws(IssuerError) -> SPIFFEID {
        guard !token.utf8.contains(UInt8(ascii: "/")), token.utf8.count <= longestToken,
            let id = try? SPIFFEID(trustDomain: domain, path: "/spire/agent/\(type)/\(token)")
        else {
            throw IssuerError(
                .invalidArgument, "join token is limited to letters, numbers, dots, dashes, and underscores")
        }
        return id
    }
}
