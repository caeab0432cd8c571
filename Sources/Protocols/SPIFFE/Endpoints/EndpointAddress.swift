// SPDX-License-Identifier: Apache-2.0

/// Where a Workload Endpoint listens, as `SPIFFE_ENDPOINT_SOCKET` says it. Facts (SPIFFE) 8.1.
public enum EndpointAddress: Hashable, Sendable, CustomStringConvertible {
    /// A Unix socket by its absolute path.
    case unix(path: String)
    /// A TCP port of an IP address (dotted decimal, or IPv6 without brackets).
    case tcp(host: String, port: UInt16)

    /// The environment variable that names the endpoint.
    public static let environmentVariable = "SPIFFE_ENDPOINT_SOCKET"
    /// Most bytes of a socket's path: what Linux has room for, less the zero at the end.
    public static let longestPath = 107

    /// Reads `unix:///absolute/path`, `unix:/absolute/path`, `tcp://1.2.3.4:port` or `tcp://[ipv6]:port`.
    ///
    /// No authority before a path, no name instead of an IP address, no path, query or fragment behind a port, no
    /// percent-encoding.
    /// - Throws: ``EndpointAddressError``.
    public init(_ text: String) throws(EndpointAddressError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { throw .scheme }
        let rest = Array(text.utf8[text.utf8.index(after: colon)...])
        switch String(text[..<colon]) {
        case "unix": self = .unix(path: try Self.path(rest))
        case "tcp": self = try Self.target(rest)
        default: throw .scheme
        }
    }

    /// `unix:` and the path, or `tcp:` with host and port, as gRPC targets are written.
    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): "tcp:\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }

    private static func path(_ rest: [UInt8]) throws(EndpointAddressError) -> String {
        let slashes = rest.prefix { $0 == UInt8(ascii: "/") }.count
        // unix:/path or unix:///path; between the first two slashes and the third an authority would stand.
        guard slashes == 1 || slashes == 3 else { throw slashes == 0 ? .relativePath : .authority }
        let path = rest[(slashes - 1)...]
        guard path.count > 1 else { throw .relativePath }
        guard path.count <= longestPath else { throw .pathTooLong }
        for byte in path {
            switch byte {
            case 0..<0x20, 0x7f, UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "%"): throw .character
            default: break
            }
        }
        guard let text = String(validating: path, as: UTF8.self) else { throw .character }
        return text
    }

    private static func target(_ rest: [UInt8]) throws(EndpointAddressError) -> EndpointAddress {
        guard rest.starts(with: "//".utf8) else { throw .authority }
        let target = rest.dropFirst(2)
        guard let colon = target.lastIndex(of: UInt8(ascii: ":")) else { throw .port }
        let digits = target[(colon + 1)...]
        guard !digits.isEmpty, digits.count <= 5, digits.first != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = UInt16(String(decoding: digits, as: UTF8.self))
        else { throw .port }
        let host = target[..<colon]
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
            let inner = host.dropFirst().dropLast()
            guard IPAddressText.isIPv6(inner) else { throw .host }
            return .tcp(host: String(decoding: inner, as: UTF8.self), port: port)
        }
        guard IPAddressText.isIPv4(host) else { throw .host }
        return .tcp(host: String(decoding: host, as: UTF8.self), port: port)
    }
}

/// Why a text names no endpoint; the raw value is stable.
public enum EndpointAddressError: String, Error, Hashable, Sendable, CaseIterable {
    /// Neither `unix:` nor `tcp:` at the beginning.
    case scheme = "endpoint-scheme"
    /// Something between `//` and the path, or no `//` before a host.
    case authority = "endpoint-authority"
    /// No path, or one that is not absolute.
    case relativePath = "endpoint-path"
    /// A path that no Unix socket can have.
    case pathTooLong = "endpoint-path-too-long"
    /// A query, a fragment, a percent sign, or a byte that is no text.
    case character = "endpoint-character"
    /// No IP address.
    case host = "endpoint-host"
    /// No port of 1 to 65535, or something behind it.
    case port = "endpoint-port"
}
