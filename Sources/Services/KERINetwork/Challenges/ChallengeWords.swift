// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkBytes
internal import KelmarkCrypto

/// Words that two people can tell each other, by telephone or eye to eye, and that nobody else can guess.
///
/// The words of others are whatever they are; ours are three syllables of six random bits each, so that twelve have 216
/// and no list of words is needed.
public struct ChallengeWords: Sendable, Hashable {
    /// The words in order.
    public let words: [String]

    /// Most words that are believed.
    public static let limit = 64

    /// Takes words as they were told.
    ///
    /// - Returns: nil unless there are 4 to ``limit``, of 1 to 32 letters each.
    public init?(_ words: [String]) {
        let words = words.flatMap { $0.split(whereSeparator: \.isWhitespace).map { $0.lowercased() } }
        guard (4...Self.limit).contains(words.count),
            words.allSatisfy({ (1...32).contains($0.utf8.count) && $0.allSatisfy(\.isLetter) })
        else { return nil }
        self.words = words
    }

    /// Makes new words.
    /// - Throws: ``CryptoError`` when there are no random numbers.
    public static func random(count: Int = 12) throws -> ChallengeWords {
        let bytes = try RandomBytes.generate(count: count * 3)
        let words = (0..<count).map { place in
            bytes[(place * 3)..<(place * 3 + 3)].map(syllable).joined()
        }
        return ChallengeWords(unchecked: words)
    }

    private init(unchecked words: [String]) { self.words = words }

    private static let consonants = Array("bdfghjklmnprstvz")
    private static let vowels = Array("aiou")

    private static func syllable(_ bits: UInt8) -> String {
        String([consonants[Int(bits & 15)], vowels[Int(bits >> 4 & 3)]])
    }

    /// What is kept of the words, so that a file of ours does not tell them.
    var digest: String {
        let text = Array(words.joined(separator: " ").utf8)
        let digest = DigestAlgorithm.blake3_256.digest(text.span)
        return Base64URL.encodedString(digest.span)
    }
}
