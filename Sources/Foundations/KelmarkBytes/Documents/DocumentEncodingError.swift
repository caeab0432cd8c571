// SPDX-License-Identifier: Apache-2.0

/// Why a value can't be written in a format.
public enum DocumentEncodingError: UInt8, Error, Hashable, Sendable, CaseIterable {
    /// JSON has no byte strings.
    case bytesInJSON
    /// An integer whose text is not `-?(0|[1-9][0-9]*)`, is `-0`, or has too many digits.
    case malformedInteger
    /// A float whose text is not what Python's `repr` writes for a finite number.
    case malformedFloat
    /// MessagePack integers have 64 bits; RFC 8785 integers end at 2^53.
    case integerOutOfRange
    /// Lists and maps are nested deeper than ``DocumentIndex/deepestNesting``.
    case nestingTooDeep
    /// Text, bytes, a list or a map with 2^32 or more bytes or elements.
    case tooLong
}
