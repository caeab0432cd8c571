// SPDX-License-Identifier: Apache-2.0

/// One property that attestation found of a workload or of a node: a type, and a value in that type's own form.
///
/// Written `type:value`; only the first colon parts them, so that values may hold colons. Facts (SPIFFE) 11.1.
public struct Selector: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Most bytes of type and value together.
    public static let longest = 4096

    /// Who found it, `unix` or `k8s` for instance; not empty, without a colon.
    public let type: String
    /// What was found; not empty. Compared byte for byte.
    public let value: String

    /// A selector of its parts.
    /// - Throws: ``SelectorError`` for an empty part, a colon in the type, or more than ``longest`` bytes.
    public init(type: String, value: String) throws(SelectorError) {
        guard !type.isEmpty else { throw .emptyType }
        guard !type.utf8.contains(UInt8(ascii: ":")) else { throw .colonInType }
        guard !value.isEmpty else { throw .emptyValue }
        guard type.utf8.count + value.utf8.count < Self.longest else { throw .tooLong }
        self.type = type
        self.value = value
    }

    /// Reads `type:value`.
    /// - Throws: ``SelectorError``, ``SelectorError/missingColon`` where nothing parts the two.
    public init(_ text: String) throws(SelectorError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { throw .missingColon }
        try self.init(type: String(text[..<colon]), value: String(text[text.utf8.index(after: colon)...]))
    }

    /// `type:value`.
    public var description: String { "\(type):\(value)" }

    /// By type, then by value, each by its bytes.
    public static func < (left: Selector, right: Selector) -> Bool {
        left.type == right.type
            ? left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
            : left.type.utf8.lexicographicallyPrecedes(right.type.utf8)
    }

    /// Equal bytes: canonically equivalent spellings are different selectors.
    public static func == (left: Selector, right: Selector) -> Bool {
        left.type.utf8.elementsEqual(right.type.utf8) && left.value.utf8.elementsEqual(right.value.utf8)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        for part in [type, value] {
            hasher.combine(part.utf8.count)
            for byte in part.utf8 { hasher.combine(byte) }
        }
    }
}

/// Why a text is no selector; the raw value is stable.
public enum SelectorError: String, Error, Hashable, Sendable {
    /// Nothing parts type and value.
    case missingColon = "selector-colon-missing"
    /// Nothing before the colon.
    case emptyType = "selector-type-empty"
    /// A colon inside the type.
    case colonInType = "selector-type-colon"
    /// Nothing behind the colon.
    case emptyValue = "selector-value-empty"
    /// More than ``Selector/longest`` bytes.
    case tooLong = "selector-too-long"
}
