// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// A part of the paths of a trust domain: a path and everything below it, or `/` for all. Compared by whole segments,
/// so that `/dev` does not hold `/developers`.
public struct PathPrefix: Hashable, Sendable, CustomStringConvertible {
    /// Every path.
    public static let all = PathPrefix(unchecked: "/")

    /// The text: `/`, or a SPIFFE path without a slash at its end.
    public let description: String

    private init(unchecked text: String) { description = text }

    /// Reads a prefix; nil unless it is `/` or a path that a SPIFFE ID may have.
    public init?(_ text: String) {
        guard text == "/" || (text.utf8.first == UInt8(ascii: "/") && (try? SPIFFEID("spiffe://a" + text)) != nil)
        else { return nil }
        description = text
    }

    /// Whether the path of an ID lies in it. An ID without a path lies nowhere.
    public func contains(_ path: String) -> Bool {
        if self == .all { return !path.isEmpty }
        guard path.utf8.starts(with: description.utf8) else { return false }
        let rest = path.utf8.dropFirst(description.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }
}
