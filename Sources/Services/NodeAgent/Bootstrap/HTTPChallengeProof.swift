// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

/// Serves a text at a port of this node; composition fills it.
public protocol ChallengePort: Sendable {
    /// Begins to listen.
    /// - Returns: the port.
    func open() async throws -> UInt16
    /// Answers `GET` of one path with a text; every other request with 404.
    func serve(_ text: [UInt8], at path: String) async
    /// Listens no more.
    func close() async
}

/// Proves the node by answering HTTP at its own name (`http_challenge`). Facts (SPIFFE) 12.3.
///
/// The port is open only while the agent attests.
public struct HTTPChallengeProof: NodeProof {
    /// Most bytes of an agent's name.
    public static let longestName = 32
    /// Most bytes of what is to be served.
    static let longestNonce = 512

    private let host: String
    private let name: String
    private let advertisedPort: UInt16?
    private let port: any ChallengePort

    /// - Parameters:
    ///   - host: the DNS name at which the issuer reaches this node.
    ///   - name: tells several agents of one node apart.
    ///   - advertisedPort: where the issuer asks; nil for the port that is listened at.
    ///   - port: serves the answer.
    public init(host: String, name: String = "default", advertisedPort: UInt16? = nil, port: any ChallengePort) {
        self.host = host
        self.name = name
        self.advertisedPort = advertisedPort
        self.port = port
    }

    /// Opens the port, and names host, agent and port.
    public func data() async throws -> NodeAttestationData {
        let listening = try await port.open()
        var map = OrderedMap()
        map["hostname"] = .text(host)
        map["agentname"] = .text(name)
        map["port"] = OrderedValue(Int(advertisedPort ?? listening))
        return NodeAttestationData(type: "http_challenge", payload: try map.encoded(as: .json))
    }

    /// Serves the issuer's random text, and says so.
    /// - Throws: ``AttestorError`` when the challenge is none: only what random text in Base64 is made of is served, so
    ///   that nobody can have this node say something else.
    public func answer(_ challenge: [UInt8]) async throws -> [UInt8] {
        let limits = Limits(bodyBytes: 4096, nestingDepth: 4, documentValues: 16)
        guard challenge.count <= limits.bodyBytes,
            let value = try? OrderedValue(parsingJSON: challenge.span, strictness: .interoperable, limits: limits),
            let nonce = value["nonce"]?.textValue.map({ Array($0.utf8) }), !nonce.isEmpty,
            nonce.count <= Self.longestNonce, nonce.allSatisfy(Self.isBase64)
        else { throw AttestorError("the issuer's challenge is not understood") }
        await port.serve(nonce, at: "/.well-known/spiffe/nodeattestor/http_challenge/\(name)/challenge")
        return Array("{}".utf8)
    }

    /// Closes the port.
    public func finish() async { await port.close() }

    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "+"),
            UInt8(ascii: "/"), UInt8(ascii: "="):
            true
        default: false
        }
    }
}
