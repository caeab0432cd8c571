// SPDX-License-Identifier: Apache-2.0

public import CESR
internal import KelmarkBytes

/// A record of ours: self-addressing JSON that counts once its SAID is sealed. `03-binding.md`, section 2.
public protocol SealedRecord: Hashable, Sendable {
    /// The value of member `t`.
    static var type: String { get }
    /// The digest that is sealed.
    var said: Primitive { get }
    /// The bytes that the digest is over.
    var bytes: [UInt8] { get }
    /// Reads a record: exactly its members in order, canonical JSON, right SAID, each value inside its rules.
    /// - Throws: ``RecordError``.
    init(parsing bytes: [UInt8]) throws(RecordError)
}

/// Any record of ours.
public enum BindingRecord: Hashable, Sendable {
    /// An issuer names a signing key.
    case statement(AuthorityStatement)
    /// A statement or binding ends.
    case withdrawal(Withdrawal)
    /// An authority is to be dropped for some hours.
    case suspension(Suspension)
    /// Self-addressing JSON of another type: it says nothing here, but tells what a seal is not.
    case other(OtherRecord)

    /// Reads a record of any type.
    /// - Throws: ``RecordError``.
    public init(parsing bytes: [UInt8]) throws(RecordError) {
        switch RecordFields.type(of: bytes) {
        case Withdrawal.type: self = .withdrawal(try Withdrawal(parsing: bytes))
        case Suspension.type: self = .suspension(try Suspension(parsing: bytes))
        case AuthorityStatement.type: self = .statement(try AuthorityStatement(parsing: bytes))
        case nil: throw RecordError(bytes.count > RecordFields.largestRecord ? .tooLarge : .document)
        case .some(let type) where type.hasPrefix("km."): throw RecordError(.unknownType, "t")
        default: self = .other(try OtherRecord(parsing: bytes))
        }
    }

    /// The digest that is sealed.
    public var said: Primitive {
        switch self {
        case .statement(let record): record.said
        case .withdrawal(let record): record.said
        case .suspension(let record): record.said
        case .other(let record): record.said
        }
    }

    /// The bytes that the digest is over.
    public var bytes: [UInt8] {
        switch self {
        case .statement(let record): record.bytes
        case .withdrawal(let record): record.bytes
        case .suspension(let record): record.bytes
        case .other(let record): record.bytes
        }
    }
}

extension SealedRecord {
    /// Writes the members, puts the SAID in, and reads the result by the strict rules.
    static func sealing(_ members: KeyValuePairs<String, OrderedValue>) throws(RecordError) -> Self {
        var map = OrderedMap()
        map.append(.text(SelfAddressing.dummy), for: "d")
        map.append(.text(type), for: "t")
        for (label, value) in members { map.append(value, for: label) }
        guard let (bytes, _) = SelfAddressing.address(map, label: "d") else { throw RecordError(.document) }
        return try Self(parsing: bytes)
    }
}

/// Self-addressing JSON whose first members are `d` and `t`, of a type that is none of ours.
public struct OtherRecord: Hashable, Sendable {
    /// The digest that may be sealed.
    public let said: Primitive
    /// The bytes that the digest is over.
    public let bytes: [UInt8]

    init(parsing bytes: [UInt8]) throws(RecordError) {
        guard let index = try? DocumentIndex(bytes.span, format: .json), index.tokens[0].kind == .map,
            index.tokens[0].count >= 2, index.text(index.tokens[1], equals: "d", in: bytes.span),
            index.text(index.tokens[3], equals: "t", in: bytes.span)
        else { throw RecordError(.members) }
        guard index.tokens[2].kind == .text, let said = SelfAddressing.verified(at: index.tokens[2].range, of: bytes)
        else { throw RecordError(.said, "d", at: Int(index.tokens[2].start)) }
        self.said = said
        self.bytes = bytes
    }
}
