// SPDX-License-Identifier: Apache-2.0

/// Why bytes are no proof file, and where.
public struct ProofFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// More bytes than a file may have.
        case tooLarge = "file-too-large"
        /// More parts than a file may have.
        case tooManyParts = "file-too-many-parts"
        /// Bytes that no CESR reader can frame.
        case malformed = "file-malformed"
        /// The file ends inside a message.
        case truncated = "file-truncated"
        /// A message that has no place in a proof file, or stands at the wrong one.
        case unexpectedMessage = "file-unexpected-message"
        /// A key event without the members that name it.
        case eventMalformed = "event-malformed"
        /// The events of one AID or of one registry do not stand together.
        case logInterleaved = "log-interleaved"
        /// A credential that can't be read, or without the seal of its issuance.
        case credentialMalformed = "credential-malformed"
        /// A part whose members or content are not what its kind demands.
        case partMalformed = "part-malformed"
        /// A part whose SAID is not the digest of its bytes.
        case partSAID = "part-said"
        /// The same part twice.
        case partRepeated = "part-repeated"
        /// A manifest whose members or values are wrong.
        case manifestMalformed = "manifest-malformed"
        /// A manifest whose SAID is not the digest of its bytes.
        case manifestSAID = "manifest-said"
        /// Something behind the manifest.
        case behindManifest = "file-behind-manifest"
    }

    /// What is wrong.
    public let code: Code
    /// Offset in the file.
    public let offset: Int

    init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// Bytes that are false contradict; bytes that are missing at the end leave open what they would have said.
    public var verdict: Verdict { code == .truncated ? .undecidable : .contradicted }

    /// The code with the place.
    public var reason: Reason { Reason(code.rawValue, "at byte \(offset)") }

    /// Code and offset.
    public var description: String { reason.description }
}
