// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// How the path of an agent is made of what attestation found, in the form of SPIRE's templates:
/// `{{ .PluginName }}/{{ .Fingerprint }}`. Facts (SPIFFE) 12.3.
///
/// Only text and names of values: no functions, no conditions. A value that would add a segment, or leave one empty,
/// makes no path.
public struct AgentPathTemplate: Hashable, Sendable {
    /// Why a text is no template.
    public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        /// In one clause.
        public let description: String
    }

    private enum Part: Hashable, Sendable {
        case text(String)
        case value(String)
    }

    private let parts: [Part]

    /// Reads a template.
    /// - Parameter names: the values that there are, without the dot.
    /// - Throws: ``Fault`` for braces that don't match or a value that is not there.
    public init(_ text: String, names: Set<String>) throws(Fault) {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            if open.lowerBound > rest.startIndex { parts.append(.text(String(rest[..<open.lowerBound]))) }
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
                throw Fault(description: "a value is not closed by }}")
            }
            let words = rest[open.upperBound..<close.lowerBound].split(separator: " ")
            guard words.count == 1, words[0].first == ".", names.contains(String(words[0].dropFirst())) else {
                throw Fault(description: "there is no value \(words.joined(separator: " "))")
            }
            parts.append(.value(String(words[0].dropFirst())))
            rest = rest[close.upperBound...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        guard !parts.isEmpty else { throw Fault(description: "the template is empty") }
        self.parts = parts
    }

    /// A template of ours.
    init(of name: String) { parts = [.value("PluginName"), .text("/"), .value(name)] }

    /// The ID of an agent.
    /// - Parameter paths: names of values that may hold several segments.
    /// - Throws: `permissionDenied` when the values make no path.
    func agentID(
        _ values: [String: String], paths: Set<String> = [], in domain: TrustDomain
    ) throws(IssuerError) -> SPIFFEID {
        var path = ""
        for part in parts {
            switch part {
            case .text(let text): path += text
            case .value(let name):
                let value = values[name] ?? ""
                guard !value.isEmpty, paths.contains(name) || !value.utf8.contains(UInt8(ascii: "/")) else {
                    throw Self.refused("the value \(name) can't be a part of a path")
                }
                path += value
            }
        }
        // Templates of operators may begin with the slash, and with the whole prefix.
        if path.utf8.starts(with: "/spire/agent/".utf8) { path.removeFirst("/spire/agent".count) }
        if path.utf8.first != UInt8(ascii: "/") { path = "/" + path }
        do {
            return try SPIFFEID(trustDomain: domain, path: "/spire/agent" + path)
        } catch {
            throw Self.refused("the path of the agent: \(error)")
        }
    }

    private static func refused(_ detail: String) -> IssuerError {
        IssuerError(.permissionDenied, "failed to create spiffe ID", detail: detail)
    }
}
