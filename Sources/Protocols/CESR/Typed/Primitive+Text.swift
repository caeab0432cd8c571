// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

extension Primitive {
    /// UTF-8 text as a primitive of bytes. Also called Texter in KERIpy.
    /// - Throws: ``CESRError`` when the text has more than 48 MiB.
    public init(utf8 text: String) throws(CESRError) {
        try self.init(code: .bytes, raw: text.utf8.span)
    }

    /// The text of a primitive of bytes; nil for other codes and for bytes that are not UTF-8.
    public var utf8Text: String? {
        guard code.isBytes else { return nil }
        return String(validating: raw, as: UTF8.self)
    }

    /// A tag of 1 to 11 Base64url characters, under the code for its length (version 2).
    /// - Throws: ``CESRError`` when it has another length or other characters.
    public init(tag: String) throws(CESRError) {
        let codes: [PrimitiveCode] = [
            .tag1, .tag2, .tag3, .tag4, .tag5, .tag6, .tag7, .tag8, .tag9, .tag10, .tag11,
        ]
        guard 1...11 ~= tag.utf8.count else { throw CESRError(.wrongLength(expected: 11, found: tag.utf8.count)) }
        try self.init(code: codes[tag.utf8.count - 1], tag: tag)
    }

    /// The shortest version 2 primitive for a map label (facts 14.3): a tag, Base64url text, or bytes.
    /// - Throws: ``CESRError`` when the text has more than 48 MiB.
    public init(label: String) throws(CESRError) {
        if Base64URL.isAlphabet(label.utf8.span), !label.isEmpty {
            if label.utf8.count <= 11 {
                try self.init(tag: label)
                return
            }
            let text = try Base64Text(label)
            if text.isLossless {
                self = try text.primitive
                return
            }
        }
        try self.init(utf8: label)
    }

    /// The text that a label primitive spells, or nil when it is none.
    public var labelText: String? {
        if !tag.isEmpty { return tag }
        if code.isBase64Text { return try? Base64Text(self).text }
        return utf8Text
    }
}
