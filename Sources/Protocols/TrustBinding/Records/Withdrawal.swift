// SPDX-License-Identifier: Apache-2.0

public import CESR
internal import KelmarkBytes
public import SPIFFE

/// A statement or a binding ends. Sealed in the log of the issuer or of the organisation; the first seen is final.
/// `03-binding.md`, section 2. Members: `d t i td subject log size reason`.
public struct Withdrawal: SealedRecord {
    /// The value of member `t`.
    public static let type = "km.withdrawal.1"
    /// Most bytes of a reason.
    public static let longestReason = 1024

    /// The digest that is sealed.
    public let said: Primitive
    /// The bytes that the digest is over.
    public let bytes: [UInt8]
    /// Who withdraws (`i`): the issuer or the organisation.
    public let author: Primitive
    /// The trust domain (`td`).
    public let trustDomain: TrustDomain
    /// SAID of the statement or binding that ends (`subject`).
    public let subject: Primitive
    /// AID of the issuance log (`log`), nil without one.
    public let log: Primitive?
    /// Leaves that the log has at this moment (`size`), 0 without one.
    public let logSize: UInt64
    /// Why (`reason`), for people; may be empty.
    public let reason: String

    /// Reads a withdrawal.
    /// - Throws: ``RecordError``.
    public init(parsing bytes: [UInt8]) throws(RecordError) {
        let fields = try RecordFields(
            bytes, type: Self.type, labels: ["i", "td", "subject", "log", "size", "reason"])
        said = fields.said
        self.bytes = bytes
        author = try fields.aid("i")
        trustDomain = try fields.trustDomain("td")
        subject = try fields.said("subject")
        log = try fields.optionalAID("log")
        logSize = try fields.number("size")
        if log == nil, logSize != 0 { throw fields.wrong("size") }
        reason = try fields.text("reason", atMost: Self.longestReason)
    }

    /// Makes a withdrawal.
    /// - Throws: ``RecordError`` when a value breaks the rules.
    public init(
        author: Primitive, trustDomain: TrustDomain, subject: Primitive, log: Primitive? = nil, logSize: UInt64 = 0,
        reason: String
    ) throws(RecordError) {
        self = try Self.sealing([
            "i": .text(author.text), "td": .text(trustDomain.name), "subject": .text(subject.text),
            "log": .text(log?.text ?? ""), "size": OrderedValue(logSize), "reason": .text(reason),
        ])
    }
}
