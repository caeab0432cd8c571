// SPDX-License-Identifier: Apache-2.0

/// The name of a trust domain: 1 to 255 bytes of `a-z 0-9 . - _`.
///
/// No DNS rule applies (`-x-` and `1.2.3.4` are names), and no alias is accepted: upper case is refused rather than
/// folded, so that two equal names are always equal bytes. SPIFFE-ID standard, section 2.1.
public struct TrustDomain: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Most bytes that a name may have.
    public static let longestName = 255

    /// The bare name, such as `example.org`.
    public let name: String

    /// Reads a bare name.
    /// - Throws: ``SPIFFEIDError`` for an empty or too long name or a byte outside the alphabet.
    public init(_ name: String) throws(SPIFFEIDError) {
        try Self.check(name.utf8, at: 0)
        self.name = name
    }

    /// Reads a bare name, or the ID form `spiffe://name` without a path, as operators type it.
    /// - Throws: ``SPIFFEIDError`` when the text is neither.
    public init(nameOrID text: String) throws(SPIFFEIDError) {
        guard text.utf8.contains(UInt8(ascii: "/")) else {
            try self.init(text)
            return
        }
        let id = try SPIFFEID(text)
        guard id.path.isEmpty else { throw SPIFFEIDError(.unexpectedPath, at: text.utf8.count - id.path.utf8.count) }
        self = id.trustDomain
    }

    /// For text that ``SPIFFEID`` has checked already.
    init(checked name: String) {
        self.name = name
    }

    /// The ID of the trust domain itself: `spiffe://name`.
    public var id: SPIFFEID { SPIFFEID(checkedTrustDomain: self, path: "") }

    /// The bare name.
    public var description: String { name }

    /// Orders names by their bytes.
    public static func < (left: TrustDomain, right: TrustDomain) -> Bool {
        left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }

    /// Refuses everything that is no trust domain name; `offset` is where the name stands in the text.
    static func check(_ name: some Collection<UInt8>, at offset: Int) throws(SPIFFEIDError) {
        var count = 0
        for byte in name {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                count += 1
            default: throw SPIFFEIDError(.trustDomainCharacter, at: offset + count)
            }
            guard count <= longestName else { throw SPIFFEIDError(.trustDomainTooLong, at: offset + longestName) }
        }
        guard count > 0 else { throw SPIFFEIDError(.emptyTrustDomain, at: offset) }
    }
}
