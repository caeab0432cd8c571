// SPDX-License-Identifier: Apache-2.0

/// Where a peer listens: `http`, `https` or `tcp`, a host, a port, and the path below which it answers.
///
/// Strict on purpose: no user, no password, no fragment, no query, host and port in their plain forms. What the reply
/// `/loc/scheme` states, and what stands before the path of an OOBI, is read by this (facts 9.3, 9.4).
public struct PeerURL: Sendable, Hashable, CustomStringConvertible {
    /// How to speak to it.
    public enum Scheme: String, Sendable, Hashable, CaseIterable {
        /// HTTP/1.1 in clear.
        case http
        /// HTTP/1.1 over TLS.
        case https
        /// A bare CESR stream.
        case tcp

        /// The port when none is named; a stream has none.
        public var defaultPort: UInt16? {
            switch self {
            case .http: 80
            case .https: 443
            case .tcp: nil
            }
        }
    }

    /// How to speak to it.
    public let scheme: Scheme
    /// A DNS name, an IPv4 address, or an IPv6 address without brackets; lower case.
    public let host: String
    /// 1 to 65535.
    public let port: UInt16
    /// Begins with a slash; `/` where none is named.
    public let path: String

    /// Most bytes of a URL.
    public static let longest = 2048

    /// Joins the parts; nil when host or path have characters that they can't have.
    public init?(scheme: Scheme, host: String, port: UInt16, path: String = "/") {
        guard port > 0, Self.isHost(host), Self.isPath(path) else { return nil }
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port
        self.path = path
    }

    /// Reads a URL; nil for anything but the strict form.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.longest, let marker = text.firstRange(of: "://"),
            let scheme = Scheme(rawValue: text[..<marker.lowerBound].lowercased())
        else { return nil }
        let rest = text[marker.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let path = slash == rest.endIndex ? "/" : String(rest[slash...])
        let authority = rest[..<slash]
        let host: Substring
        let digits: Substring?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let tail = authority[authority.index(after: end)...]
            guard tail.isEmpty || tail.first == ":", host.contains(":") else { return nil }
            digits = tail.isEmpty ? nil : tail.dropFirst()
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = authority[..<colon]
            digits = colon == authority.endIndex ? nil : authority[authority.index(after: colon)...]
        }
        var port = scheme.defaultPort
        if let digits {
            guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            port = UInt16(digits)
        }
        guard let port else { return nil }
        self.init(scheme: scheme, host: String(host), port: port, path: path)
    }

    /// The URL as text, with its port.
    public var description: String {
        "\(scheme.rawValue)://\(host.contains(":") ? "[\(host)]" : host):\(port)\(path)"
    }

    /// The path of something below this URL: `below("oobi")` of `/a/` is `/a/oobi`.
    public func below(_ tail: String) -> String {
        let base = path.hasSuffix("/") ? String(path.dropLast()) : path
        return tail.hasPrefix("/") ? base + tail : base + "/" + tail
    }

    private static func isHost(_ host: String) -> Bool {
        let bytes = host.utf8
        guard (1...253).contains(bytes.count) else { return false }
        let isNumeric = host.contains(":")
        return bytes.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x66, 0x41...0x46: true
            case UInt8(ascii: ":"): isNumeric
            case UInt8(ascii: "."): true
            case 0x67...0x7A, 0x47...0x5A, UInt8(ascii: "-"), UInt8(ascii: "_"): !isNumeric
            default: false
            }
        }
    }

    private static func isPath(_ path: String) -> Bool {
        guard path.first == "/", path.utf8.count <= longest else { return false }
        return path.utf8.allSatisfy { byte in
            (0x21...0x7E).contains(byte)
                && ![0x22, 0x23, 0x3C, 0x3E, 0x3F, 0x5C, 0x5E, 0x60, 0x7B, 0x7C, 0x7D].contains(byte)
        }
    }
}
