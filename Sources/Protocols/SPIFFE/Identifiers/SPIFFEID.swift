// SPDX-License-Identifier: Apache-2.0

/// A SPIFFE ID: `spiffe://` trust domain, then nothing or `/segment(/segment)*`; at most 2048 bytes.
///
/// Read from bytes by a table, without a URL parser, and without any normalisation: what is accepted is its own only
/// spelling. Upper case in scheme or trust domain, percent-encoding, queries, fragments, user information, ports,
/// dot segments and trailing slashes are refused. SPIFFE-ID standard, section 2.
public struct SPIFFEID: Hashable, Sendable, CustomStringConvertible {
    /// Most bytes that an ID may have.
    public static let longestID = 2048
    private static let scheme = "spiffe://"

    /// The trust domain that vouches for the ID.
    public let trustDomain: TrustDomain
    /// Empty for the trust domain's own ID, else with its leading slash.
    public let path: String

    /// Reads an ID.
    /// - Throws: ``SPIFFEIDError`` with the offset of the first byte that is wrong.
    public init(_ text: String) throws(SPIFFEIDError) {
        let bytes = text.utf8
        guard bytes.count <= Self.longestID else { throw SPIFFEIDError(.tooLong, at: Self.longestID) }
        guard bytes.starts(with: Self.scheme.utf8) else { throw SPIFFEIDError(.scheme, at: 0) }
        let rest = bytes.dropFirst(Self.scheme.utf8.count)
        let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        try TrustDomain.check(rest[..<slash], at: Self.scheme.utf8.count)
        let name = String(Substring(rest[..<slash]))
        try Self.checkPath(rest[slash...], at: Self.scheme.utf8.count + name.utf8.count)
        trustDomain = TrustDomain(checked: name)
        path = String(Substring(rest[slash...]))
    }

    /// Joins a trust domain and a path (empty, or with its leading slash).
    /// - Throws: ``SPIFFEIDError`` for a wrong path or an ID that gets too long; the offset counts in the whole ID.
    public init(trustDomain: TrustDomain, path: String) throws(SPIFFEIDError) {
        let start = Self.scheme.utf8.count + trustDomain.name.utf8.count
        guard start + path.utf8.count <= Self.longestID else { throw SPIFFEIDError(.tooLong, at: Self.longestID) }
        guard path.isEmpty || path.utf8.first == UInt8(ascii: "/") else {
            throw SPIFFEIDError(.pathCharacter, at: start)
        }
        try Self.checkPath(path.utf8, at: start)
        self.trustDomain = trustDomain
        self.path = path
    }

    init(checkedTrustDomain: TrustDomain, path: String) {
        trustDomain = checkedTrustDomain
        self.path = path
    }

    /// Whether this is the ID of a trust domain, which only a signing certificate may carry.
    public var isTrustDomainID: Bool { path.isEmpty }

    /// The ID as text.
    public var description: String { Self.scheme + trustDomain.name + path }

    /// Walks `/segment(/segment)*`; `offset` is where the path stands in the text.
    private static func checkPath(_ path: some Collection<UInt8>, at offset: Int) throws(SPIFFEIDError) {
        guard !path.isEmpty else { return }
        var position = offset
        var segment = 0
        var dots = 0
        func close(atEnd: Bool) throws(SPIFFEIDError) {
            if segment == 0 { throw SPIFFEIDError(atEnd ? .trailingSlash : .emptySegment, at: position - 1) }
            if dots == segment, dots <= 2 { throw SPIFFEIDError(.dotSegment, at: position - segment) }
        }
        for byte in path {
            switch byte {
            case UInt8(ascii: "/"):
                if position > offset { try close(atEnd: false) }
                segment = 0
                dots = 0
            case UInt8(ascii: "."):
                segment += 1
                dots += 1
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                segment += 1
            default: throw SPIFFEIDError(.pathCharacter, at: position)
            }
            position += 1
        }
        try close(atEnd: true)
    }
}
