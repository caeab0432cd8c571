// SPDX-License-Identifier: Apache-2.0

public import CESR
internal import KelmarkBytes
public import SPIFFE

/// The organisation asks agents to drop an authority at once, for at most 24 h. A protective act that any one current
/// key may sign; never evidence. `03-binding.md`, section 2. Members: `d t i td subject at`.
public struct Suspension: SealedRecord {
    /// The value of member `t`.
    public static let type = "km.suspension.1"
    /// How long a suspension is obeyed at most, in seconds.
    public static let longest: Int64 = 86_400

    /// The digest that is signed.
    public let said: Primitive
    /// The bytes that the digest is over.
    public let bytes: [UInt8]
    /// The organisation (`i`).
    public let organisation: Primitive
    /// The trust domain (`td`).
    public let trustDomain: TrustDomain
    /// SAID of the statement that is suspended (`subject`).
    public let subject: Primitive
    /// When it begins (`at`), as the signer claims.
    public let begins: CertificateTime

    /// Reads a suspension.
    /// - Throws: ``RecordError``.
    public init(parsing bytes: [UInt8]) throws(RecordError) {
        let fields = try RecordFields(bytes, type: Self.type, labels: ["i", "td", "subject", "at"])
        said = fields.said
        self.bytes = bytes
        organisation = try fields.aid("i")
        trustDomain = try fields.trustDomain("td")
        subject = try fields.said("subject")
        begins = try fields.time("at")
    }

    /// Makes a suspension.
    /// - Throws: ``RecordError`` when a value breaks the rules.
    public init(
        organisation: Primitive, trustDomain: TrustDomain, subject: Primitive, begins: CertificateTime
    ) throws(RecordError) {
        self = try Self.sealing([
            "i": .text(organisation.text), "td": .text(trustDomain.name), "subject": .text(subject.text),
            "at": .text(begins.description),
        ])
    }

    /// Whether the suspension is obeyed at `time`.
    public func isInForce(at time: CertificateTime) -> Bool {
        begins <= time && time <= begins.advanced(by: Self.longest)
    }
}
