// SPDX-License-Identifier: Apache-2.0

public import KERI

/// An AID as a DID: `did:keri:{AID}`, or `did:webs:{host}[%3Aport]:{path}:{AID}` with the place where its log is
/// published (facts 13.12).
public enum DecentralizedIdentifier: Sendable, Hashable, CustomStringConvertible {
    /// The AID alone; where its log is must be known.
    case keri(AID)
    /// The AID at a web server.
    case webs(WebsIdentifier)

    /// Reads a DID of one of the two methods; nil for anything but the strict form. No path, query or fragment.
    public init?(_ text: String) {
        if let rest = Self.drop("did:keri:", of: text) {
            guard let aid = AID(String(rest)) else { return nil }
            self = .keri(aid)
        } else if let rest = Self.drop("did:webs:", of: text) {
            guard let webs = WebsIdentifier(rest) else { return nil }
            self = .webs(webs)
        } else {
            return nil
        }
    }

    private static func drop(_ prefix: String, of text: String) -> Substring? {
        text.utf8.count <= 2048 && text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : nil
    }

    /// The AID.
    public var aid: AID {
        switch self {
        case .keri(let aid): aid
        case .webs(let webs): webs.aid
        }
    }

    /// The DID as text; a port is written behind `%3A`.
    public var description: String {
        switch self {
        case .keri(let aid): "did:keri:\(aid)"
        case .webs(let webs): "did:webs:\(webs.location)"
        }
    }

    /// Other DIDs that name the same thing by their form alone.
    var alsoKnownAs: [String] {
        switch self {
        case .keri: []
        case .webs(let webs): ["did:web:\(webs.location)", "did:keri:\(webs.aid)"]
        }
    }
}

/// The part of a `did:webs` behind the method: where the log of an AID is published.
public struct WebsIdentifier: Sendable, Hashable {
    /// A DNS name in lower case, or an IPv4 address.
    public let host: String
    /// The port; nil for the one of the scheme.
    public let port: UInt16?
    /// Folders between the host and the AID.
    public let path: [String]
    /// The AID, which is the last folder.
    public let aid: AID

    /// Joins the parts; nil when host or path have characters that they can't have.
    public init?(host: String, port: UInt16? = nil, path: [String] = [], aid: AID) {
        guard Self.isHost(host), port != 0, path.count <= 32, path.allSatisfy(Self.isSegment) else { return nil }
        self.host = host
        self.port = port
        self.path = path
        self.aid = aid
    }

    init?(_ text: Substring) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, let first = parts.first, let last = parts.last, let aid = AID(String(last)) else {
            return nil
        }
        var host = first
        var port: UInt16?
        if let marker = first.firstRange(of: "%3A") ?? first.firstRange(of: "%3a") {
            let digits = first[marker.upperBound...]
            guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                digits.first != "0", let number = UInt16(digits)
            else { return nil }
            host = first[..<marker.lowerBound]
            port = number
        }
        self.init(host: String(host), port: port, path: parts[1..<(parts.count - 1)].map(String.init), aid: aid)
    }

    /// What stands behind `did:webs:`, and behind `did:web:` of the same place.
    var location: String {
        ([host + (port.map { "%3A\($0)" } ?? "")] + path + [aid.text]).joined(separator: ":")
    }

    /// Where a file of the publication is: `https://host[:port]/path/AID/name`.
    public func url(of file: String, scheme: PeerURL.Scheme = .https) -> PeerURL? {
        guard let port = port ?? scheme.defaultPort else { return nil }
        let target = "/" + (path + [aid.text, file]).joined(separator: "/")
        return PeerURL(scheme: scheme, host: host, port: port, path: target)
    }

    /// Labels of letters, digits and hyphens (RFC 1123), in lower case so that one place has one spelling.
    private static func isHost(_ host: String) -> Bool {
        guard (1...253).contains(host.utf8.count) else { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        }
    }

    /// A folder name; `.` and `..` would lead elsewhere.
    private static func isSegment(_ segment: String) -> Bool {
        guard (1...255).contains(segment.utf8.count), segment != ".", segment != ".." else { return false }
        return segment.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                || [0x2D, 0x2E, 0x5F, 0x7E].contains(byte)
        }
    }
}
