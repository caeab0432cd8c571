// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not a document in the one form that KERI peers write, and where.
public struct DocumentError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Code: UInt8, Hashable, Sendable, CaseIterable {
        /// More bytes than ``Limits/bodyBytes``.
        case tooLarge
        /// More values than ``Limits/documentValues``.
        case tooManyValues
        /// Lists and maps are nested deeper than ``Limits/nestingDepth``.
        case nestingTooDeep
        /// The bytes end inside the document.
        case truncated
        /// Bytes follow the document.
        case trailingBytes
        /// A byte that can't stand here.
        case unexpectedByte
        /// White space between JSON tokens.
        case whiteSpace
        /// Text is not UTF-8.
        case invalidUTF8
        /// A control character stands unescaped in JSON text.
        case controlCharacter
        /// No escape of JSON.
        case invalidEscape
        /// An escape, or a spelling of it, that `json.dumps` does not write.
        case nonCanonicalEscape
        /// Half a surrogate pair.
        case loneSurrogate
        /// A leading zero, `-0`, or a binary form that is not the shortest.
        case nonCanonicalInteger
        /// More digits than ``DocumentIndex/integerDigits``.
        case integerTooLong
        /// A float that is not spelt as Python's `repr`, or not stored in 64 bits.
        case nonCanonicalFloat
        /// NaN or an infinity.
        case nonFiniteNumber
        /// The same label twice in one map.
        case duplicateLabel
        /// A label of a map that is not text.
        case labelNotText
        /// A length or count that does not stand in its shortest head.
        case nonCanonicalLength
        /// A CBOR item of indefinite length.
        case indefiniteLength
        /// A tag, simple value or extension type that KERI peers do not write.
        case unsupportedType
    }

    /// What is wrong.
    public let code: Code
    /// First offending byte, from the start of the document; the byte count when something is missing.
    public let offset: Int

    /// Names what is wrong at which byte.
    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }
}
