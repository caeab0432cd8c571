// SPDX-License-Identifier: Apache-2.0

/// A map that keeps the order in which its members came, as KERI bodies need it.
///
/// Labels are unique and compared byte by byte: text that Unicode calls equivalent (`é` and `e` + accent) makes two
/// labels, as it does in KERIpy. Two maps are equal when they have the same members in the same order.
public struct OrderedMap: Sendable {
    /// A label with its value.
    public struct Member: Hashable, Sendable {
        /// The label.
        public let label: String
        /// The value.
        public var value: OrderedValue

        /// Joins a label and a value.
        public init(label: String, value: OrderedValue) {
            self.label = label
            self.value = value
        }

        /// Whether label (byte by byte) and value are the same.
        public static func == (one: Member, other: Member) -> Bool {
            ExactText(one.label) == ExactText(other.label) && one.value == other.value
        }

        /// Feeds label and value.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(ExactText(label))
            hasher.combine(value)
        }
    }

    /// The members in order.
    public private(set) var members: [Member] = []
    /// Where each label stands, once there are many.
    private var positions: [ExactText: Int] = [:]
    /// Up to this size, labels are looked for one by one.
    private static var searchedMembers: Int { 16 }

    /// An empty map.
    public init() {}

    /// A map of the given members, or nil when a label repeats.
    public init?(members: some Sequence<Member>) {
        reserveCapacity(members.underestimatedCount)
        for member in members {
            guard append(member.value, for: member.label) else { return nil }
        }
    }

    /// How many members there are.
    public var count: Int { members.count }
    /// Whether there are none.
    public var isEmpty: Bool { members.isEmpty }
    /// The labels in order.
    public var labels: [String] { members.map(\.label) }

    /// The value for a label. Setting keeps the place of a label that is there, else appends; nil removes.
    public subscript(label: String) -> OrderedValue? {
        get { position(of: label).map { members[$0].value } }
        set {
            switch (position(of: label), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil): remove(at: position)
            case (nil, let value?): append(value, for: label)
            case (nil, nil): break
            }
        }
    }

    /// Where a label stands in `members`.
    public func position(of label: String) -> Int? {
        if positions.isEmpty {
            let exact = ExactText(label)
            return members.firstIndex { ExactText($0.label) == exact }
        }
        return positions[ExactText(label)]
    }

    /// Appends a member unless its label is there already; says whether it did.
    @discardableResult
    public mutating func append(_ value: OrderedValue, for label: String) -> Bool {
        guard position(of: label) == nil else { return false }
        members.append(Member(label: label, value: value))
        if !positions.isEmpty {
            positions[ExactText(label)] = members.count - 1
        } else if members.count > Self.searchedMembers {
            index()
        }
        return true
    }

    /// Makes room for `count` members. Never pass a number that a peer announced.
    mutating func reserveCapacity(_ count: Int) {
        members.reserveCapacity(count)
    }

    private mutating func remove(at position: Int) {
        members.remove(at: position)
        positions.removeAll()
        if members.count > Self.searchedMembers { index() }
    }

    private mutating func index() {
        positions.reserveCapacity(members.count * 2)
        for (position, member) in members.enumerated() { positions[ExactText(member.label)] = position }
    }
}

extension OrderedMap: Hashable {
    /// Whether both have the same members in the same order.
    public static func == (one: OrderedMap, other: OrderedMap) -> Bool { one.members == other.members }

    /// Feeds the members in order.
    public func hash(into hasher: inout Hasher) { hasher.combine(members) }
}

extension OrderedMap: ExpressibleByDictionaryLiteral {
    /// The members in the order written. A label that is written twice keeps its first place and its last value.
    public init(dictionaryLiteral elements: (String, OrderedValue)...) {
        self.init()
        for (label, value) in elements { self[label] = value }
    }
}

/// Text that is equal only to the same UTF-8 bytes, unlike `String`, which compares by Unicode equivalence.
struct ExactText: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (one: ExactText, other: ExactText) -> Bool {
        let left = one.text.utf8
        let right = other.text.utf8
        return left.count == right.count && left.elementsEqual(right)
    }

    func hash(into hasher: inout Hasher) {
        let utf8 = text.utf8.span
        unsafe utf8.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}
