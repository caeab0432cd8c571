// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// A contradiction that has been proven: exists only when evidence was verified.
///
/// ```swift
/// let duplicity = try VerifiedDuplicity(reading: file)
/// print(duplicity.statement.accusedAID, duplicity.statement.sn)
/// ```
public struct VerifiedDuplicity: Sendable, Hashable {
    /// Who said what twice. All of it is proven except the time.
    public let statement: DuplicityStatement
    /// The evidence, for others to verify.
    public let bytes: [UInt8]

    /// Only for evidence that has been verified.
    init(verified statement: DuplicityStatement, bytes: [UInt8]) {
        self.statement = statement
        self.bytes = bytes
    }

    /// Reads evidence and verifies it; needs nothing but the bytes.
    ///
    /// - Parameters:
    ///   - bytes: the whole file or stream.
    ///   - limits: bounds for its messages.
    /// - Throws: ``EvidenceFault``.
    public init(reading bytes: [UInt8], limits: Limits = .standard) throws(EvidenceFault) {
        self = try DuplicityEvidence(reading: bytes, limits: limits).verified()
    }

    /// Whether both prove the same thing, whoever saw it when.
    public func isSameContradiction(as other: VerifiedDuplicity) -> Bool {
        statement.accused == other.statement.accused && statement.aid == other.statement.aid
            && statement.sn == other.statement.sn && statement.first == other.statement.first
            && statement.second == other.statement.second
    }

    /// Whether the controller of an AID is proven to have said two things.
    public func accusesController(of aid: AID) -> Bool { statement.accused == .controller && statement.aid == aid }
}
