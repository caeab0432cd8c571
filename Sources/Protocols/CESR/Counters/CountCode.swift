// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

/// The stable part of a counter: which group follows, in which table, in which of the spellings (facts 1.7, 14.2).
public struct CountCode: Hashable, Sendable, CustomStringConvertible {
    /// How the code is written and how much it can count.
    public enum Form: UInt8, Hashable, Sendable {
        /// `-X` and two digits: up to 4095.
        case small
        /// `--X` and five digits.
        case big
        /// `-0X` and five digits: the big form of KERIpy 1.x.
        case bigVersion1
        /// `--AAA` and three digits: genus and version as KERIpy 1.x defines it.
        case genusVersion1
        /// `-_AAA` and three digits: genus and version.
        case genus
    }

    /// What the group holds.
    public let kind: GroupKind
    /// The table that gives the letter its meaning.
    public let table: CodeTable
    /// How the code is written.
    public let form: Form

    /// A code of a table, or nil when `table` has no such group or not in that form.
    public init?(_ kind: GroupKind, table: CodeTable = .version1, form: Form = .small) {
        switch form {
        case .genusVersion1: guard kind == .genusVersion, table == .version1 else { return nil }
        case .genus: guard kind == .genusVersion else { return nil }
        case .bigVersion1:
            guard table == .version1, kind == .attachments || kind == .pathedMaterial else { return nil }
        case .big:
            guard CounterIndex.of(table).letter(kind) != nil else { return nil }
            guard table == .version2 || !CountCode.countsElements(kind) else { return nil }
        case .small: guard CounterIndex.of(table).letter(kind) != nil else { return nil }
        }
        self.init(kind: kind, table: table, form: form)
    }

    /// The code spelled `text` in `table`, or nil.
    public init?(_ text: String, table: CodeTable = .version1) {
        let characters = Array(text.utf8)
        var padded = characters
        while padded.count < 8 { padded.append(UInt8(ascii: "A")) }
        guard let counter = try? Counter.decode(padded.span, offset: 0, domain: .text, table: table).0,
            counter.code.hardCount == characters.count
        else { return nil }
        self = counter.code
    }

    init(kind: GroupKind, table: CodeTable, form: Form) {
        self.kind = kind
        self.table = table
        self.form = form
    }

    /// The characters of the code.
    public var text: String { String(decoding: characters, as: UTF8.self) }

    /// The same as ``text``.
    public var description: String { text }

    /// Whether the count tells how many elements follow; else it tells quadlets or triplets.
    public var countsElements: Bool { table == .version1 && CountCode.countsElements(kind) }

    /// Characters of the stable code.
    public var hardCount: Int {
        switch form {
        case .small: 2
        case .big, .bigVersion1: 3
        case .genusVersion1, .genus: 5
        }
    }

    /// Characters of the count.
    public var softCount: Int {
        switch form {
        case .small: 2
        case .big, .bigVersion1: 5
        case .genusVersion1, .genus: 3
        }
    }

    /// The largest count.
    public var maximum: Int { 1 << (6 * softCount) - 1 }

    var characters: [UInt8] {
        switch form {
        case .genusVersion1: return Array("--AAA".utf8)
        case .genus: return Array("-_AAA".utf8)
        case .small: return [UInt8(ascii: "-"), letter]
        case .big: return [UInt8(ascii: "-"), UInt8(ascii: "-"), letter]
        case .bigVersion1: return [UInt8(ascii: "-"), UInt8(ascii: "0"), letter]
        }
    }

    private var letter: UInt8 { CounterIndex.of(table).letter(kind) ?? UInt8(ascii: "_") }

    private static func countsElements(_ kind: GroupKind) -> Bool {
        kind.rawValue <= GroupKind.pathedSignatureGroup.rawValue
    }
}

/// A counter table arranged for lookup in both directions.
struct CounterIndex: Sendable {
    static let version1 = CounterIndex(version1Counters)
    static let version2 = CounterIndex(version2Counters)

    static func of(_ table: CodeTable) -> CounterIndex { table == .version1 ? version1 : version2 }

    private var kinds = [GroupKind?](repeating: nil, count: 64)
    private var letters = [UInt8?](repeating: nil, count: GroupKind.allCases.count)

    private init(_ entries: [(letter: UInt8, kind: GroupKind)]) {
        for (letter, kind) in entries {
            if let sextet = Base64URL.sextet(of: letter) { kinds[Int(sextet)] = kind }
            letters[Int(kind.rawValue)] = letter
        }
    }

    @inline(__always)
    func kind(_ sextet: UInt8) -> GroupKind? { kinds[Int(sextet & 63)] }

    func letter(_ kind: GroupKind) -> UInt8? { letters[Int(kind.rawValue)] }
}
