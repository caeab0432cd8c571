// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

/// Proves the node by the service account token that Kubernetes projects into the agent's pod (`k8s_psat`).
/// Facts (SPIFFE) 12.3.
public struct KubernetesTokenProof: NodeProof {
    /// Most bytes of a token.
    public static let largestToken = 64 << 10

    private let cluster: String
    /// It is for the issuer alone: it is never logged.
    private let token: @Sendable () async throws -> [UInt8]

    /// - Parameters:
    ///   - cluster: the name that the issuer knows the cluster by.
    ///   - token: reads the token; asked for each attestation, because the kubelet replaces it.
    public init(cluster: String, token: @escaping @Sendable () async throws -> [UInt8]) {
        self.cluster = cluster
        self.token = token
    }

    /// Cluster and token.
    /// - Throws: ``AttestorError`` when what was read is no token; what reading throws.
    public func data() async throws -> NodeAttestationData {
        guard let token = HeaderToken(try await token(), longest: Self.largestToken) else {
            throw AttestorError("the service account token is empty or no token")
        }
        var map = OrderedMap()
        map["cluster"] = .text(cluster)
        map["token"] = .text(token.text)
        return NodeAttestationData(type: "k8s_psat", payload: try map.encoded(as: .json))
    }

    /// A token is never challenged.
    public func answer(_ challenge: [UInt8]) throws -> [UInt8] {
        throw IssuerClientError(.malformedAnswer, "a challenge to a service account token")
    }
}

/// A bearer token as a file holds it: visible ASCII characters, perhaps with line ends behind them.
package struct HeaderToken: Sendable {
    /// The token itself. Not for logs.
    package let text: String

    /// Reads a token; nil for nothing, for more than `longest` bytes, and for what can't stand in a header.
    package init?(_ bytes: [UInt8], longest: Int) {
        let end = bytes.lastIndex { $0 != 0x0a && $0 != 0x0d }.map { $0 + 1 } ?? 0
        guard end > 0, end <= longest, bytes[..<end].allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        text = String(decoding: bytes[..<end], as: UTF8.self)
    }
}
