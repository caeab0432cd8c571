// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Where the kubelet of the node listens: `https://127.0.0.1:10250`, or its port without authentication,
/// `http://127.0.0.1:10255`.
package struct KubeletPlace: Hashable, Sendable, CustomStringConvertible {
    package let isSecure: Bool
    /// A name or an IP address, IPv6 without brackets.
    package let host: String
    package let port: UInt16

    /// Reads a URL without path; nil for anything else, and for plain HTTP that leaves the machine: whoever stands in
    /// between would say which workload is which.
    package init?(_ text: String) {
        let rest: Substring
        if text.hasPrefix("https://") {
            isSecure = true
            rest = text.dropFirst(8)
        } else if text.hasPrefix("http://") {
            isSecure = false
            rest = text.dropFirst(7)
        } else {
            return nil
        }
        var authority = rest
        if authority.hasSuffix("/") { authority.removeLast() }
        var digits: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            let tail = authority[authority.index(after: end)...]
            guard Self.isAddress(host, AF_INET6), tail.isEmpty || tail.hasPrefix(":") else { return nil }
            if !tail.isEmpty { digits = tail.dropFirst() }
        } else {
            let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = String(parts[0])
            guard !host.isEmpty, host.utf8.allSatisfy(Self.isNameByte) else { return nil }
            if parts.count == 2 { digits = parts[1] }
        }
        if let digits {
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits), number > 0 else {
                return nil
            }
            port = number
        } else {
            port = isSecure ? 10250 : 10255
        }
        guard isSecure || isLoopback else { return nil }
    }

    /// Whether it is an address that leads nowhere but to this machine.
    package var isLoopback: Bool {
        host == "::1" || (host.hasPrefix("127.") && Self.isAddress(host, AF_INET))
    }

    /// The URL without path, perhaps with another name for the same place.
    func url(named name: String? = nil) -> String {
        let host = name ?? host
        return "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// The URL.
    package var description: String { url() }

    private static func isAddress(_ text: String, _ family: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        return inet_pton(family, text, &bytes) == 1
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
