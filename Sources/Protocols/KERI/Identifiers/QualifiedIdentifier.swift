// SPDX-License-Identifier: Apache-2.0

public import CESR

/// What AIDs, SAIDs, keys and key digests have in common: one CESR primitive of a family of codes, written as text.
public protocol QualifiedIdentifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The code and the raw value.
    var primitive: Primitive { get }
    /// Whether a code belongs to the family.
    static func admits(_ code: PrimitiveCode) -> Bool
    /// Wraps a primitive whose code has been checked.
    init(unchecked primitive: Primitive)
}

extension QualifiedIdentifier {
    /// Wraps a primitive, or nil when its code is of another family.
    public init?(_ primitive: Primitive) {
        guard Self.admits(primitive.code) else { return nil }
        self.init(unchecked: primitive)
    }

    /// Reads the text form; nil unless all of it is one primitive of the family in its only spelling.
    public init?(text: Span<UInt8>) {
        guard let primitive = try? Primitive(text: text), Self.admits(primitive.code) else { return nil }
        self.init(unchecked: primitive)
    }

    /// Reads the text form, as ``init(text:)-(Span<UInt8>)``.
    public init?(_ text: String) {
        self.init(text: text.utf8.span)
    }

    /// The text form (qb64).
    public var text: String { primitive.text }

    /// The text form.
    public var description: String { text }

    /// Orders by value.
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// An autonomic identifier: a key, or the digest of its inception.
public struct AID: QualifiedIdentifier {
    /// The code and the raw value.
    public let primitive: Primitive
    /// The codes of this family.
    public static func admits(_ code: PrimitiveCode) -> Bool { code.isPrefix }
    /// Wraps a primitive whose code has been checked.
    public init(unchecked primitive: Primitive) { self.primitive = primitive }

    /// Whether the AID is a key that can never rotate; such an AID has at most an inception.
    public var isNonTransferable: Bool { primitive.code.isNonTransferable }

    /// The AID as the key it is, nil when it is a digest.
    public var key: VerificationKey? { VerificationKey(primitive) }
}

/// A self-addressing identifier: the digest of the thing it names.
public struct SAID: QualifiedIdentifier {
    /// The code and the raw value.
    public let primitive: Primitive
    /// The codes of this family.
    public static func admits(_ code: PrimitiveCode) -> Bool { code.isDigest }
    /// Wraps a primitive whose code has been checked.
    public init(unchecked primitive: Primitive) { self.primitive = primitive }
}
