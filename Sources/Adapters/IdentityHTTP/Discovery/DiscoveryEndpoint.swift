// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
internal import JOSE
internal import KelmarkBytes
package import Logging
package import SPIFFE

/// What clients of OpenID Connect need to check JWT-SVIDs: the configuration, and the keys as they want them.
///
/// Configuration and keys stand below the issuer's URL: `/.well-known/openid-configuration` and `/keys`. Facts (SPIFFE)
/// 19.3; OpenID Connect Discovery 1.0. The members are those that Kubernetes publishes for the same purpose: no
/// authorization endpoint is claimed, since there is none.
package struct DiscoveryEndpoint: HTTPEndpoint {
    /// How long clients may use keys without asking again, in seconds. Keys are published long before their use, so it
    /// bounds only how long a revoked key is believed.
    package static let usualMaxAge: Int64 = 60

    private let issuer: IssuerURL
    private let trustDomain: TrustDomain
    private let bundles: any BundleSource
    private let maxAge: Int64
    private let logger: Logger

    /// Publishes the JWT authorities that `bundles` has of a trust domain at the moment of each request.
    package init(
        issuer: IssuerURL, trustDomain: TrustDomain, from bundles: any BundleSource,
        maxAge: Int64 = usualMaxAge, logger: Logger
    ) {
        self.issuer = issuer
        self.trustDomain = trustDomain
        self.bundles = bundles
        self.maxAge = maxAge
        self.logger = logger
    }

    private var configurationPath: String { issuer.path + "/.well-known/openid-configuration" }
    private var keysPath: String { issuer.path + "/keys" }

    func methods(of path: String) -> [String]? {
        path == configurationPath || path == keysPath ? ["GET", "HEAD"] : nil
    }

    func read(_ request: IncomingRequest) async -> OutgoingResponse {
        guard let bundle = await bundles.published(of: trustDomain, logger: logger.naming(request)) else {
            return .unavailable
        }
        let keys = Self.keys(of: bundle)
        let body = request.path == keysPath ? Self.document(keys) : configuration(keys)
        guard let body else { return .unavailable }
        return PublishedDocument(contentType: "application/json", body: body, maxAge: maxAge).answer(to: request)
    }

    /// Clients choose a key by `kid`, and many refuse one that does not say by `alg` and `use` what it is for.
    private static func keys(of bundle: TrustBundle) -> [JWK] {
        bundle.jwtAuthorities.map { authority in
            JWK(
                key: authority.key, keyID: authority.keyID, use: "sig",
                algorithm: JWSAlgorithm.usual(for: authority.key.kind))
        }
    }

    private static func document(_ keys: [JWK]) -> [UInt8]? { try? JWKSet(keys: keys).json }

    private func configuration(_ keys: [JWK]) -> [UInt8]? {
        let algorithms = Set(keys.compactMap(\.algorithm?.rawValue)).sorted()
        let document: OrderedValue = [
            "issuer": .text(issuer.text),
            "jwks_uri": .text(issuer.text + "/keys"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": .list(algorithms.map(OrderedValue.text)),
            "claims_supported": ["iss", "sub", "aud", "iat", "exp"],
        ]
        return try? document.encoded(as: .json)
    }
}

/// The URL by which tokens name their issuer, `iss`: `https`, a host, perhaps a port and a path, nothing else.
///
/// Verifiers compare it byte by byte, so it is never inferred from a request.
package struct IssuerURL: Hashable, Sendable, CustomStringConvertible {
    /// As it stands in tokens.
    package let text: String
    /// Empty, or with its leading slash and without one at the end.
    package let path: String

    /// Reads a URL; nil for one that is no issuer's: another scheme, user info, query, fragment, a slash at the end,
    /// escapes.
    package init?(_ text: String) {
        guard let url = EndpointURL(text), url.query == nil, !text.utf8.contains(UInt8(ascii: "%")) else { return nil }
        guard text.utf8.last != UInt8(ascii: "/") else { return nil }
        self.text = text
        path = url.path == "/" ? "" : url.path
    }

    /// The URL.
    package var description: String { text }
}
