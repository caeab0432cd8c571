// SPDX-License-Identifier: Apache-2.0

internal import SPIREAPI
internal import SwiftProtobuf

/// A key of the issuer's own that signs SVIDs. Facts (SPIFFE) 13.4.
package struct AuthorityRecord: Hashable, Sendable {
    package var id: String
    /// Seconds since 1970.
    package var expiresAt: Int64
    /// Subject key identifier of the authority above, empty for none.
    package var upstreamID: String

    package init(id: String, expiresAt: Int64, upstreamID: String = "") {
        self.id = id
        self.expiresAt = expiresAt
        self.upstreamID = upstreamID
    }

    init(_ state: Spire_Api_Server_Localauthority_V1_AuthorityState) {
        id = state.authorityID
        expiresAt = state.expiresAt
        upstreamID = state.upstreamAuthoritySubjectKeyID
    }
}

/// The keys of one kind by what they do.
package struct AuthorityStates: Hashable, Sendable {
    package var active: AuthorityRecord?
    package var prepared: AuthorityRecord?
    package var old: AuthorityRecord?

    package init(active: AuthorityRecord? = nil, prepared: AuthorityRecord? = nil, old: AuthorityRecord? = nil) {
        self.active = active
        self.prepared = prepared
        self.old = old
    }
}

/// What a key signs.
package enum LocalAuthorityKind: String, Hashable, Sendable, CaseIterable {
    case x509
    case jwt
}

extension IssuerAdministration {
    private var authorities: Spire_Api_Server_Localauthority_V1_LocalAuthority.Client<LocalConnection.Transport> {
        .init(wrapping: connection.client)
    }

    /// The keys of a kind.
    package func authorityStates(_ kind: LocalAuthorityKind) async throws -> AuthorityStates {
        try await connection.call {
            switch kind {
            case .x509:
                let state = try await authorities.getX509AuthorityState(.init(), options: connection.options)
                return AuthorityStates(
                    active: state.hasActive ? AuthorityRecord(state.active) : nil,
                    prepared: state.hasPrepared ? AuthorityRecord(state.prepared) : nil,
                    old: state.hasOld ? AuthorityRecord(state.old) : nil)
            case .jwt:
                let state = try await authorities.getJWTAuthorityState(.init(), options: connection.options)
                return AuthorityStates(
                    active: state.hasActive ? AuthorityRecord(state.active) : nil,
                    prepared: state.hasPrepared ? AuthorityRecord(state.prepared) : nil,
                    old: state.hasOld ? AuthorityRecord(state.old) : nil)
            }
        }
    }

    /// Makes the next key.
    package func prepareAuthority(_ kind: LocalAuthorityKind) async throws -> AuthorityRecord {
        try await connection.call {
            switch kind {
            case .x509:
                AuthorityRecord(
                    try await authorities.prepareX509Authority(.init(), options: connection.options).preparedAuthority)
            case .jwt:
                AuthorityRecord(
                    try await authorities.prepareJWTAuthority(.init(), options: connection.options).preparedAuthority)
            }
        }
    }

    /// Lets the prepared key sign from now on.
    package func activateAuthority(_ kind: LocalAuthorityKind, _ id: String) async throws -> AuthorityRecord {
        try await connection.call {
            switch kind {
            case .x509:
                AuthorityRecord(
                    try await authorities.activateX509Authority(
                        .with { $0.authorityID = id }, options: connection.options
                    ).activatedAuthority)
            case .jwt:
                AuthorityRecord(
                    try await authorities.activateJWTAuthority(
                        .with { $0.authorityID = id }, options: connection.options
                    ).activatedAuthority)
            }
        }
    }

    /// Has everything that the old key signed replaced.
    package func taintAuthority(_ kind: LocalAuthorityKind, _ id: String) async throws -> AuthorityRecord {
        try await connection.call {
            switch kind {
            case .x509:
                AuthorityRecord(
                    try await authorities.taintX509Authority(
                        .with { $0.authorityID = id }, options: connection.options
                    ).taintedAuthority)
            case .jwt:
                AuthorityRecord(
                    try await authorities.taintJWTAuthority(
                        .with { $0.authorityID = id }, options: connection.options
                    ).taintedAuthority)
            }
        }
    }

    /// Takes the old key out of the bundle: what it signed is refused from then on.
    package func revokeAuthority(_ kind: LocalAuthorityKind, _ id: String) async throws -> AuthorityRecord {
        try await connection.call {
            switch kind {
            case .x509:
                AuthorityRecord(
                    try await authorities.revokeX509Authority(
                        .with { $0.authorityID = id }, options: connection.options
                    ).revokedAuthority)
            case .jwt:
                AuthorityRecord(
                    try await authorities.revokeJWTAuthority(
                        .with { $0.authorityID = id }, options: connection.options
                    ).revokedAuthority)
            }
        }
    }

    /// Has everything below an authority above the issuer replaced; its subject key identifier comes back.
    package func taintUpstreamAuthority(_ subjectKeyID: String) async throws -> String {
        try await connection.call {
            try await authorities.taintX509UpstreamAuthority(
                .with { $0.subjectKeyID = subjectKeyID }, options: connection.options
            ).upstreamAuthoritySubjectKeyID
        }
    }

    /// Takes an authority above the issuer out of the bundle; its subject key identifier comes back.
    package func revokeUpstreamAuthority(_ subjectKeyID: String) async throws -> String {
        try await connection.call {
            try await authorities.revokeX509UpstreamAuthority(
                .with { $0.subjectKeyID = subjectKeyID }, options: connection.options
            ).upstreamAuthoritySubjectKeyID
        }
    }
}
