// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not what the CESR codec accepts, and where.
public struct CESRError: Error, Hashable, Sendable {
    /// The rule that was broken.
    public enum Kind: Hashable, Sendable {
        /// The input ends; at least `missing` more bytes are needed. A stream waits, a complete input is at fault.
        case truncated(missing: Int)
        /// A byte outside the Base64url alphabet.
        case invalidCharacter
        /// No table has this code.
        case unknownCode
        /// A counter stands where a primitive is due.
        case counter
        /// A primitive stands where a counter is due.
        case notACounter
        /// An op code, which no stream of this version may hold.
        case opCode
        /// Bits between the code and the value are not zero, so this is a second spelling of the value.
        case nonZeroPad
        /// Lead bytes of the value are not zero, so this is a second spelling of the value.
        case nonZeroLead
        /// The filler characters or the unused index of a code do not have their one value.
        case nonZeroFiller
        /// The raw value has another length than its code demands.
        case wrongLength(expected: Int, found: Int)
        /// Bytes are left behind a value that should have filled its input.
        case trailingBytes(Int)
        /// The code is known but has no place here.
        case misplacedCode
        /// A number, count or index is outside what its code can carry or what `Limits` allow.
        case outOfRange
        /// The text is not a date and time in the one spelling KERI uses.
        case invalidDateTime
        /// The text is not a number in its one spelling.
        case invalidNumber
        /// The text is not a threshold.
        case invalidThreshold
        /// The text has a character that its type does not allow.
        case invalidText
        /// The version string breaks its grammar, or names something unknown.
        case invalidVersion
        /// Groups are nested deeper than `Limits.groupDepth`.
        case tooDeep
        /// A size is above the matching bound of `Limits`.
        case tooLarge
    }

    /// The rule that was broken.
    public let kind: Kind
    /// Where, counted in bytes from the start of the outermost input.
    public let offset: Int

    /// Names the rule and the place.
    public init(_ kind: Kind, offset: Int = 0) {
        self.kind = kind
        self.offset = offset
    }

    /// How many bytes are missing at least, or nil when the error is none that more input could cure.
    public var missing: Int? {
        if case .truncated(let missing) = kind { missing } else { nil }
    }
}
