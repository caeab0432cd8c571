// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// Why bytes are no record of ours.
public struct RecordError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable {
        /// Not one canonical JSON document within the bounds.
        case document = "record-document"
        /// More bytes than a record may have.
        case tooLarge = "record-too-large"
        /// Not exactly the members of the record's type, in their order.
        case members = "record-members"
        /// A type (`t`) that is not known.
        case unknownType = "record-type"
        /// The SAID is not the digest of the bytes.
        case said = "record-said"
        /// A member has the wrong kind of value or a value outside its rules.
        case value = "record-value"
    }

    /// What is wrong.
    public let code: Code
    /// The member concerned, or empty.
    public let member: String
    /// Offset of the place in the record's bytes.
    public let offset: Int
    /// What the JSON reader found, when the document itself is wrong.
    public let cause: DocumentError?

    init(_ code: Code, _ member: String = "", at offset: Int = 0, cause: DocumentError? = nil) {
        self.code = code
        self.member = member
        self.offset = offset
        self.cause = cause
    }

    /// Code, member and offset.
    public var description: String {
        code.rawValue + (member.isEmpty ? "" : " \(member)") + " at byte \(offset)"
    }
}
