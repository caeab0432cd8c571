// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// What IDs of callers must be before anything is done with them: of the own trust domain, of the right kind.
struct IdentifierRules: Sendable {
    /// The own trust domain.
    let trustDomain: TrustDomain

    /// An ID of the own trust domain.
    func member(_ draft: IDDraft?) throws(IssuerError) -> SPIFFEID {
        guard let draft else { throw IssuerError(.invalidArgument, "request must specify SPIFFE ID") }
        let id: SPIFFEID
        do {
            id = try SPIFFEID(trustDomain: TrustDomain(nameOrID: draft.trustDomain), path: draft.path)
        } catch {
            throw IssuerError(.invalidArgument, Self.words(for: error))
        }
        guard id.trustDomain == trustDomain else {
            throw IssuerError(.invalidArgument, "\"\(id)\" is not a member of trust domain \"\(trustDomain)\"")
        }
        return id
    }

    /// An ID that a workload of the own trust domain may have.
    func workload(_ draft: IDDraft?) throws(IssuerError) -> SPIFFEID {
        let id = try member(draft)
        guard !id.path.isEmpty else {
            throw IssuerError(
                .invalidArgument, "\"\(id)\" is not a workload in trust domain \"\(trustDomain)\"; path is empty")
        }
        guard !Self.isReserved(id.path) else {
            throw IssuerError(
                .invalidArgument,
                "\"\(id)\" is not a workload in trust domain \"\(trustDomain)\"; path is in the reserved namespace")
        }
        return id
    }

    /// An ID that an agent of the own trust domain may have.
    func agent(_ draft: IDDraft?) throws(IssuerError) -> SPIFFEID {
        let id = try member(draft)
        guard Self.isAgent(id.path) else {
            throw IssuerError(
                .invalidArgument,
                "\"\(id)\" is not an agent in trust domain \"\(trustDomain)\"; path is not in the agent namespace")
        }
        return id
    }

    /// A trust domain that is not the own one.
    func foreignDomain(_ text: String) throws(IssuerError) -> TrustDomain {
        let domain: TrustDomain
        do {
            domain = try TrustDomain(nameOrID: text)
        } catch {
            throw IssuerError(.invalidArgument, "trust domain argument is not valid: \"\(text)\": \(error)")
        }
        guard domain != trustDomain else {
            throw IssuerError(.invalidArgument, "\"\(domain)\" is the server's own trust domain")
        }
        return domain
    }

    /// Paths below `/spire` belong to issuers and agents; `/spiredrive` is anybody's.
    static func isReserved(_ path: String) -> Bool { path == "/spire" || path.utf8.starts(with: "/spire/".utf8) }

    /// Paths of agents.
    static func isAgent(_ path: String) -> Bool {
        path.utf8.starts(with: "/spire/agent/".utf8)
    }

    private static func words(for error: SPIFFEIDError) -> String {
        switch error.code {
        case .trailingSlash: "path cannot have a trailing slash"
        case .emptyTrustDomain: "trust domain is missing"
        case .emptySegment: "path cannot contain empty segments"
        case .dotSegment: "path cannot contain dot segments"
        case .pathCharacter: "path segment characters are limited to letters, numbers, dots, dashes, and underscores"
        case .trustDomainCharacter:
            "trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores"
        default: error.description
        }
    }
}
