// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// A place inside a document: labels and positions from its root (facts 1.5). Also called Pather in KERIpy.
///
/// Its text is `-` and the components joined with `-`; the root alone is `-`. A component of digits names a position: of
/// a list element, or of a map's member.
public struct FieldPath: Hashable, Sendable, CustomStringConvertible {
    /// Labels and positions, outermost first.
    public let components: [String]

    /// A path of components.
    /// - Throws: ``CESRError`` when one is empty or has a character that is not Base64url, or is `-`.
    public init(_ components: [String]) throws(CESRError) {
        for component in components {
            guard !component.isEmpty, !component.utf8.contains(UInt8(ascii: "-")),
                Base64URL.isAlphabet(component.utf8.span)
            else { throw CESRError(.invalidText) }
        }
        self.components = components
    }

    /// Reads the text of a path.
    /// - Throws: ``CESRError`` when it does not start with `-`, or a component is empty or not Base64url.
    public init(text: String) throws(CESRError) {
        guard text.utf8.first == UInt8(ascii: "-") else { throw CESRError(.invalidText) }
        guard text.utf8.count > 1 else {
            try self.init([])
            return
        }
        try self.init(text.dropFirst().split(separator: "-", omittingEmptySubsequences: false).map(String.init))
    }

    /// The path in a primitive.
    /// - Throws: ``CESRError`` when it is none.
    public init(_ primitive: Primitive) throws(CESRError) {
        try self.init(text: Base64Text(primitive).text)
    }

    /// The text of the path.
    public var text: String { "-" + components.joined(separator: "-") }

    /// The same as ``text``.
    public var description: String { text }

    /// The primitive.
    /// - Throws: ``CESRError`` when the text has more than 2^26 characters.
    public var primitive: Primitive {
        get throws(CESRError) { try Base64Text(text).primitive }
    }

    /// What the path points at in `document`, or nil when it points nowhere.
    ///
    /// In a map a component is a label first; when no member has it and it is a number, it is a position.
    public func value(in document: OrderedValue) -> OrderedValue? {
        var value = document
        for component in components {
            let position = component.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? Int(component) : nil
            switch value {
            case .map(let map):
                if let member = map[component] {
                    value = member
                } else {
                    guard let position, position < map.count else { return nil }
                    value = map.members[position].value
                }
            case .list(let list):
                guard let position, position < list.count else { return nil }
                value = list[position]
            default: return nil
            }
        }
        return value
    }
}
