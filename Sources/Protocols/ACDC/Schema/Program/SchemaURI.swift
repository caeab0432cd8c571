// SPDX-License-Identifier: Apache-2.0

internal import KERI

/// A URI reference (RFC 3986), as far as schemas name their parts by it. It is never dereferenced.
struct SchemaURI {
    var scheme: String?
    var authority: String?
    var path: String
    var query: String?
    /// Percent-decoded; nil without `#`.
    var fragment: String?

    /// Takes any text apart; text that is no URI ends up as a path that nothing else has.
    init(_ text: String) {
        var rest = Substring(text)
        if let mark = rest.firstIndex(of: "#") {
            fragment = Self.percentDecoded(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if let mark = rest.firstIndex(of: "?") {
            query = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if let mark = rest.firstIndex(of: ":"), Self.isScheme(rest[..<mark]) {
            scheme = String(rest[..<mark]).lowercased()
            rest = rest[rest.index(after: mark)...]
        }
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let mark = rest.firstIndex(of: "/") ?? rest.endIndex
            authority = String(rest[..<mark])
            rest = rest[mark...]
        }
        path = String(rest)
    }

    /// The URI without its fragment.
    var key: String {
        var text = scheme.map { $0 + ":" } ?? ""
        if let authority { text += "//" + authority }
        text += path
        if let query { text += "?" + query }
        return text
    }

    /// The SAID that stands at the end of the URI, as in `E…`, `sad:E…` or `https://host/oobi/E…`: digests say what they
    /// name wherever they stand.
    var said: SAID? {
        guard query == nil else { return nil }
        let last = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        return SAID(String(last))
    }

    /// This reference as seen from `base` (RFC 3986 5.2); a base may be relative itself.
    func resolved(against base: SchemaURI) -> SchemaURI {
        if scheme != nil { return normalized(path) }
        var result = self
        result.scheme = base.scheme
        if authority != nil { return result.normalized(path) }
        result.authority = base.authority
        if path.isEmpty {
            result.path = base.path
            if query == nil { result.query = base.query }
            return result
        }
        if path.hasPrefix("/") { return result.normalized(path) }
        if base.authority != nil, base.path.isEmpty { return result.normalized("/" + path) }
        let kept = base.path.lastIndex(of: "/").map { base.path[...$0] } ?? ""
        return result.normalized(kept + path)
    }

    private func normalized(_ path: String) -> SchemaURI {
        var result = self
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        guard segments.contains(where: { $0 == "." || $0 == ".." }) else {
            result.path = path
            return result
        }
        var kept: [Substring] = []
        for (position, segment) in segments.enumerated() {
            let isLast = position == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                if kept.count > 1 || kept.first.map({ !$0.isEmpty }) == true { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        result.path = kept.joined(separator: "/")
        return result
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy {
            isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "+")
                || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    static func percentDecoded(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var output: [UInt8] = []
        let bytes = Array(text.utf8)
        var position = 0
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "%"), position + 2 < bytes.count,
                let high = hexValue(bytes[position + 1]), let low = hexValue(bytes[position + 2])
            {
                output.append(high << 4 | low)
                position += 3
            } else {
                output.append(bytes[position])
                position += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
