// SPDX-License-Identifier: Apache-2.0

public import KERI

/// An out-of-band introduction: a URL that leads to the log of an AID, or to data by its digest. It is never trusted;
/// what it leads to is verified (facts 9.4).
public struct OOBI: Sendable, Hashable, CustomStringConvertible {
    /// What it leads to.
    public enum Subject: Sendable, Hashable {
        /// Whoever answers there.
        case anybody
        /// An AID, in a role of somebody: a witness, an agent, the controller itself.
        case identifier(AID, role: String?, endpoint: AID?)
    }

    /// The URL without its query.
    public let url: PeerURL
    /// What it leads to.
    public let subject: Subject
    /// The name that it suggests for a contact.
    public let name: String?

    /// Reads a URL of one of the forms of facts 9.4; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let url = PeerURL(String(parts[0])), url.scheme != .tcp, parts.count < 2 || Self.isQuery(parts[1])
        else { return nil }
        let path = url.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        switch path.first {
        case "oobi" where path.count == 1: subject = .anybody
        case "oobi" where (2...4).contains(path.count):
            guard let aid = AID(path[1]) else { return nil }
            let endpoint = path.count == 4 ? AID(path[3]) : nil
            if path.count == 4, endpoint == nil { return nil }
            if path.count > 2, !Self.isRole(path[2]) { return nil }
            subject = .identifier(aid, role: path.count > 2 ? path[2] : nil, endpoint: endpoint)
        case ".well-known" where path.count == 4 && path[1] == "keri" && path[2] == "oobi":
            guard let aid = AID(path[3]) else { return nil }
            subject = .identifier(aid, role: nil, endpoint: nil)
        default: return nil
        }
        self.url = url
        var name: String?
        for member in (parts.count > 1 ? parts[1] : "").split(separator: "&") where member.hasPrefix("name=") {
            name = String(member.dropFirst(5))
        }
        self.name = name
    }

    /// The introduction of an AID by one of its witnesses.
    public init?(of aid: AID, role: String, by endpoint: AID, at url: PeerURL) {
        self.init("\(url.scheme.rawValue)://\(PeerURL.authority(url))\(url.below("oobi/\(aid)/\(role)/\(endpoint)"))")
    }

    /// The URL as it is given to others.
    public var description: String { url.description + (name.map { "?name=\($0)" } ?? "") }

    /// Whether a query has only characters that a query may have; its name is shown to people.
    private static func isQuery(_ text: Substring) -> Bool {
        let others: [UInt8] = [0x22, 0x23, 0x3C, 0x3E, 0x5C, 0x5E, 0x60, 0x7B, 0x7C, 0x7D]
        return text.utf8.count <= PeerURL.longest
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !others.contains($0) }
    }

    private static func isRole(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && text.utf8.allSatisfy { (0x61...0x7A).contains($0) }
    }
}

extension PeerURL {
    /// Host and port as they stand in a URL.
    static func authority(_ url: PeerURL) -> String {
        "\(url.host.contains(":") ? "[\(url.host)]" : url.host):\(url.port)"
    }
}
