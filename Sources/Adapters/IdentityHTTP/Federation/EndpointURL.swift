// SPDX-License-Identifier: Apache-2.0

/// An `https` URL without user info and fragment. Facts (SPIFFE) 7.1.
struct EndpointURL: Hashable, Sendable, CustomStringConvertible {
    /// Most bytes of a URL.
    static let longest = 2048

    /// A name or an IP address, IPv6 without brackets.
    let host: String
    let port: Int
    /// With its leading slash.
    let path: String
    /// What follows the first `?`.
    let query: String?

    /// Reads a URL; nil for any other text.
    init?(_ text: String) {
        guard text.utf8.count <= Self.longest, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        let scheme = "https://"
        guard text.prefix(scheme.count).lowercased() == scheme, !text.contains("#"), !text.contains("\\") else {
            return nil
        }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard let (host, port) = Self.parts(of: authority) else { return nil }
        let target = rest.dropFirst(authority.count)
        let path = target.prefix { $0 != "?" }
        self.host = host
        self.port = port
        self.path = path.isEmpty ? "/" : String(path)
        query = target.count > path.count ? String(target.dropFirst(path.count + 1)) : nil
    }

    /// Path and query, as they stand in a request.
    var target: String { query.map { "\(path)?\($0)" } ?? path }
    /// Host and, where it is not the usual one, port, as they stand in a request.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == 443 ? name : "\(name):\(port)"
    }
    /// Whether the host is an address and no name.
    var hasAddress: Bool {
        host.contains(":") || host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    }

    /// The URL.
    var description: String { "https://\(authority)\(target)" }

    /// Where a redirect leads: an absolute URL, or an absolute path at the same server. Nil for everything else.
    func following(_ location: String) -> EndpointURL? {
        if location.hasPrefix("/"), !location.hasPrefix("//") { return EndpointURL("https://\(authority)\(location)") }
        return EndpointURL(location)
    }

    private static func parts(of authority: Substring) -> (host: String, port: Int)? {
        let host: Substring
        let tail: Substring
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = authority[..<close].dropFirst()
            tail = authority[authority.index(after: close)...]
            guard host.contains(":"), host.utf8.allSatisfy(isAddressByte) else { return nil }
        } else {
            host = authority.prefix { $0 != ":" }
            tail = authority.dropFirst(host.count)
            guard host.utf8.allSatisfy(isNameByte) else { return nil }
        }
        guard !host.isEmpty else { return nil }
        if tail.isEmpty { return (String(host), 443) }
        let digits = tail.dropFirst()
        guard tail.first == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits),
            port > 0
        else { return nil }
        return (String(host), Int(port))
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
