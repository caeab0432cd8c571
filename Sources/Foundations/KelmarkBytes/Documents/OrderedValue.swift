// SPDX-License-Identifier: Apache-2.0

/// A document as a tree: every value of JSON, CBOR or MessagePack, maps in the order they came.
///
/// Numbers are kept as text, so that integers beyond 64 bits and floats survive unchanged. Text is compared byte by
/// byte. For the hot path use ``DocumentIndex``; the tree is for values that are built, kept or changed.
public enum OrderedValue: Sendable {
    case null
    case boolean(Bool)
    /// An integer as decimal text, `-?(0|[1-9][0-9]*)`.
    case integer(String)
    /// A finite binary64 number as Python's `repr` writes it.
    case float(String)
    case text(String)
    /// A byte string; CBOR and MessagePack only.
    case bytes([UInt8])
    case list([OrderedValue])
    case map(OrderedMap)

    /// An integer.
    public init(_ value: some BinaryInteger) { self = .integer(String(value)) }

    /// A finite number as a float; nil for NaN and infinities.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        self = .float(String(decoding: FloatText.python(value), as: UTF8.self))
    }

    /// The text, if it is text.
    public var textValue: String? { if case .text(let text) = self { text } else { nil } }
    /// The truth, if it is a boolean.
    public var booleanValue: Bool? { if case .boolean(let value) = self { value } else { nil } }
    /// The integer, if it is one that fits.
    public var integerValue: Int? { if case .integer(let text) = self { Int(text) } else { nil } }
    /// The number, if it is a float or an integer that is exact as one.
    public var doubleValue: Double? {
        switch self {
        case .float(let text): Double(text)
        case .integer(let text): Int(text).flatMap { Double(exactly: $0) }
        default: nil
        }
    }
    /// The byte string, if it is one.
    public var bytesValue: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
    /// The elements, if it is a list.
    public var listValue: [OrderedValue]? { if case .list(let list) = self { list } else { nil } }
    /// The members, if it is a map.
    public var mapValue: OrderedMap? { if case .map(let map) = self { map } else { nil } }
    /// Whether it is null.
    public var isNull: Bool { if case .null = self { true } else { false } }

    /// The value for a label; nil unless this is a map that has it. Setting does nothing unless this is a map.
    public subscript(label: String) -> OrderedValue? {
        get { if case .map(let map) = self { map[label] } else { nil } }
        set {
            guard case .map(var map) = self else { return }
            self = .null
            map[label] = newValue
            self = .map(map)
        }
    }

    /// The element at a position; nil unless this is a list that has it.
    public subscript(position: Int) -> OrderedValue? {
        guard case .list(let list) = self, list.indices.contains(position) else { return nil }
        return list[position]
    }

    /// The value that is reached by following labels from map to map; nil as soon as one is missing.
    public func value(at path: String...) -> OrderedValue? {
        var value: OrderedValue? = self
        for label in path { value = value?[label] }
        return value
    }
}

extension OrderedValue: Hashable {
    /// Whether both are the same value, text byte by byte and maps in the same order.
    public static func == (one: OrderedValue, other: OrderedValue) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.boolean(let left), .boolean(let right)): left == right
        case (.integer(let left), .integer(let right)), (.float(let left), .float(let right)),
            (.text(let left), .text(let right)):
            ExactText(left) == ExactText(right)
        case (.bytes(let left), .bytes(let right)): left == right
        case (.list(let left), .list(let right)): left == right
        case (.map(let left), .map(let right)): left == right
        default: false
        }
    }

    /// Feeds the kind and the content.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .boolean(let value): hasher.combine(value)
        case .integer(let text): hasher.combine(ExactText(text))
        case .float(let text): hasher.combine(ExactText(text))
        case .text(let text): hasher.combine(ExactText(text))
        case .bytes(let bytes): hasher.combine(bytes)
        case .list(let list): hasher.combine(list)
        case .map(let map): hasher.combine(map)
        }
    }
}

extension OrderedValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// An integer.
    public init(integerLiteral value: Int) { self.init(value) }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    /// A list.
    public init(arrayLiteral elements: OrderedValue...) { self = .list(elements) }
    /// A map in the order written. A label that is written twice keeps its first place and its last value.
    public init(dictionaryLiteral elements: (String, OrderedValue)...) {
        var map = OrderedMap()
        for (label, value) in elements { map[label] = value }
        self = .map(map)
    }
}
