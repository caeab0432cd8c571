// SPDX-License-Identifier: Apache-2.0

/// Why a regular expression is not used.
struct PatternError: Error, Hashable {
    enum Kind: Hashable { case malformed, unsupported, tooLarge }

    let kind: Kind
    /// The character at which it was noticed, counted from 0.
    let offset: Int
    let words: String

    init(_ kind: Kind, at offset: Int, _ words: String) {
        self.kind = kind
        self.offset = offset
        self.words = words
    }
}
