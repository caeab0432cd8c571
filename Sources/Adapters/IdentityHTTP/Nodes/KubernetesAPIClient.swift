// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import NIOHTTP1
internal import NIOSSL

/// Asks the API server of a Kubernetes cluster as a service account, for `KubernetesPSATAttestor`. Facts (SPIFFE) 12.3.
///
/// Both the authorities of the server and the token are read anew for each request: the cluster replaces them while the
/// issuer runs.
package struct KubernetesAPIClient: KubernetesTransport {
    /// Largest answer that is read.
    static let largestAnswer = 4 << 20

    private let server: EndpointURL
    private let authorities: @Sendable () throws -> [UInt8]
    private let token: @Sendable () throws -> String
    private let limits: NodeRequestLimits

    /// - Parameters:
    ///   - server: `https://host:port`, without a path.
    ///   - authorities: who vouches for the server; PEM.
    ///   - token: the bearer token of the issuer's service account.
    /// - Throws: ``NodeRequestError``, `address` for any other URL.
    package init(
        server: String, authorities: @escaping @Sendable () throws -> [UInt8],
        token: @escaping @Sendable () throws -> String, limits: NodeRequestLimits = NodeRequestLimits()
    ) throws(NodeRequestError) {
        guard let url = EndpointURL(server), url.target == "/" else {
            throw NodeRequestError(.address, "an API server is https://host:port")
        }
        self.server = url
        self.authorities = authorities
        self.token = token
        self.limits = limits
    }

    /// See `KubernetesTransport`.
    /// - Throws: ``NodeRequestError``.
    package func send(method: String, path: String, body: [UInt8]?) async throws -> (status: Int, body: [UInt8]) {
        let roots: [NIOSSLCertificate]
        let bearer: String
        do {
            roots = try NIOSSLCertificate.fromPEMBytes(try authorities())
            bearer = try token()
        } catch {
            throw NodeRequestError(.credentials, "\(error)")
        }
        // Whatever is in the file, it must stay one header.
        guard !roots.isEmpty, !bearer.isEmpty, bearer.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw NodeRequestError(.credentials, "no authorities, or no token")
        }
        var request = NodeRequest(
            method: .init(rawValue: method), url: "https://\(server.authority)\(path)",
            headers: [("Authorization", "Bearer \(bearer)"), ("Accept", "application/json")], body: body,
            roots: roots, limits: limits)
        if body != nil { request.headers.append(("Content-Type", "application/json")) }
        return try await request.send(limit: Self.largestAnswer)
    }
}
