// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

/// Text of Base64url characters that stands in a primitive as itself, without being encoded again (facts 1.5). Also
/// called Bexter in KERIpy; paths and weighted thresholds are such text.
///
/// The primitive does not tell a text of `4n` characters that starts with `A` from the same text without that `A`: both
/// have the same spelling, and the shorter one is read. ``isLossless`` tells such texts.
public struct Base64Text: Hashable, Sendable, CustomStringConvertible {
    /// The characters.
    public let text: String

    /// Takes Base64url characters.
    /// - Throws: ``CESRError`` when another character is among them.
    public init(_ text: String) throws(CESRError) {
        guard Base64URL.isAlphabet(text.utf8.span) else { throw CESRError(.invalidText) }
        self.text = text
    }

    /// The text in a primitive.
    /// - Throws: ``CESRError`` when the code is another, or the value is no text's.
    public init(_ primitive: Primitive) throws(CESRError) {
        guard primitive.code.isBase64Text else { throw CESRError(.misplacedCode) }
        let raw = primitive.span
        let lead = (3 - raw.count % 3) % 3
        let padded = [UInt8](repeating: 0, count: lead) + primitive.raw
        var characters = Base64URL.encode(padded.span)[...]
        if lead > 0 {
            // The characters that stand for the lead bytes must be the zeros that encoding puts there.
            for character in characters.prefix((lead + 1) % 4) where character != UInt8(ascii: "A") {
                throw CESRError(.nonZeroLead)
            }
            characters = characters.dropFirst((lead + 1) % 4)
        } else if characters.first == UInt8(ascii: "A") {
            characters = characters.dropFirst()
        }
        self.text = String(decoding: characters, as: UTF8.self)
    }

    /// Whether ``primitive`` gives back this text.
    public var isLossless: Bool { text.utf8.count % 4 != 0 || text.utf8.first != UInt8(ascii: "A") }

    /// The primitive, with the smallest code.
    /// - Throws: ``CESRError`` when the text has more than 2^26 characters.
    public var primitive: Primitive {
        get throws(CESRError) {
            let rest = text.utf8.count % 4
            let fill = (4 - rest) % 4
            let characters = [UInt8](repeating: UInt8(ascii: "A"), count: fill) + Array(text.utf8)
            let bytes: [UInt8]
            do throws(Base64Error) { bytes = try Base64URL.decode(characters.span) } catch {
                throw CESRError(.invalidText, offset: error.offset)
            }
            return try Primitive(code: .text, raw: bytes.span.extracting(droppingFirst: (3 - rest) % 3))
        }
    }

    /// The same as ``text``.
    public var description: String { text }
}
