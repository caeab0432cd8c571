// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import NIOHTTP1

/// Asks nodes for what they serve over plain HTTP, for `HTTPChallengeAttestor`. Facts (SPIFFE) 12.3.
package struct HTTPChallengeClient: HTTPChallengeFetcher {
    private let limits: NodeRequestLimits

    /// A client with these limits.
    package init(limits: NodeRequestLimits = NodeRequestLimits()) { self.limits = limits }

    /// See `HTTPChallengeFetcher`.
    /// - Throws: ``NodeRequestError``.
    package func fetch(host: String, port: UInt16, path: String, limit: Int) async throws -> [UInt8] {
        let request = NodeRequest(method: .GET, url: "http://\(host):\(port)\(path)", limits: limits)
        let (status, body) = try await request.send(limit: limit)
        guard status == 200 else { throw NodeRequestError(.status, "\(request.url) answers \(status)") }
        return body
    }
}
