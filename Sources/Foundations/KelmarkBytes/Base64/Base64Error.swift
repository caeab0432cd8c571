// SPDX-License-Identifier: Apache-2.0

/// Why a text is not the one Base64url spelling of some bytes.
public struct Base64Error: Error, Hashable, Sendable {
    /// The rule that was broken.
    public enum Kind: Hashable, Sendable {
        /// A byte outside `A–Z a–z 0–9 - _`; `=`, `+`, `/` and white space are such bytes.
        case invalidCharacter
        /// A length that no number of bytes has (one more than a multiple of four).
        case invalidLength
        /// The unused low bits of the last character are not zero, so the text is a second spelling.
        case nonZeroTrailingBits
        /// The target of a decode or encode call has another length than the result.
        case wrongTargetLength
    }

    /// The rule that was broken.
    public let kind: Kind
    /// Index in the text of the offending character, or the text's length.
    public let offset: Int

    /// Names the rule and the place.
    public init(_ kind: Kind, offset: Int) {
        self.kind = kind
        self.offset = offset
    }
}
