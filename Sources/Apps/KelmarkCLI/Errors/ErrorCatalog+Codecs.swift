// SPDX-License-Identifier: Apache-2.0

// Errors of the codecs: documents, CESR, thresholds.

extension ErrorCatalog {
    private static func document(_ name: String, _ summary: String) -> ErrorEntry {
        ErrorArea.document.entry(
            name, .denied, summary, next: "kelmark inspect FILE",
            "KERI bodies have exactly one spelling, the one that is signed. A second spelling is refused, "
                + "wherever it comes from."
        )
    }

    static let documents: [ErrorEntry] = [
        document("tooLarge", "The document has more bytes than are read."),
        document("tooManyValues", "The document has more values than are read."),
        document("nestingTooDeep", "Lists and maps are nested too deep."),
        ErrorArea.document.entry(
            "truncated", .undecidable, "The document ends too early.", next: "kelmark inspect FILE",
            "The bytes end inside a value. The file was cut."),
        document("trailingBytes", "Bytes follow the document."),
        document("unexpectedByte", "A byte stands where it can't."),
        document("whiteSpace", "White space stands between tokens."),
        document("invalidUTF8", "Text is not UTF-8."),
        document("controlCharacter", "A control character stands unescaped in text."),
        document("invalidEscape", "An escape is none of JSON."),
        document("nonCanonicalEscape", "An escape is not the one that KERI programs write."),
        document("loneSurrogate", "Half a surrogate pair stands in text."),
        document("nonCanonicalInteger", "An integer has a leading zero or a longer form than needed."),
        document("integerTooLong", "An integer has too many digits."),
        document("nonCanonicalFloat", "A number is not spelt as KERI programs spell it."),
        document("nonFiniteNumber", "A number is infinite or none."),
        document("duplicateLabel", "A map has the same label twice."),
        document("labelNotText", "A label of a map is not text."),
        document("nonCanonicalLength", "A length is not in its shortest form."),
        document("indefiniteLength", "An item has no length."),
        document("unsupportedType", "A tag or type that KERI programs do not write."),
    ]

    private static func codec(_ name: String, _ summary: String) -> ErrorEntry {
        ErrorArea.codec.entry(
            name, .denied, summary, next: "kelmark inspect FILE",
            "A CESR value has one code, one length and one spelling. The cause names the byte.")
    }

    static let codec: [ErrorEntry] = [
        ErrorArea.codec.entry(
            "truncated", .undecidable, "The input ends inside a value.", next: "kelmark inspect FILE",
            "The file was cut; the cause says how many bytes are missing at least."),
        codec("invalidCharacter", "A byte is outside the Base64url alphabet."),
        codec("unknownCode", "No table has this code."),
        codec("counter", "A counter stands where a value is due."),
        codec("notACounter", "A value stands where a counter is due."),
        codec("opCode", "An op code, which no stream of this version may hold."),
        codec("nonZeroPad", "Pad bits are not zero, so this is a second spelling."),
        codec("nonZeroLead", "Lead bytes are not zero, so this is a second spelling."),
        codec("nonZeroFiller", "Filler of a code is not what it must be."),
        codec("wrongLength", "A value has another length than its code demands."),
        codec("trailingBytes", "Bytes are left behind a value."),
        codec("misplacedCode", "A known code stands where it has no place."),
        codec("outOfRange", "A number, count or index is out of range."),
        codec("invalidDateTime", "Text is no date and time in KERI's one spelling."),
        codec("invalidNumber", "Text is no number in its one spelling."),
        codec("invalidThreshold", "Text is no threshold."),
        codec("invalidText", "Text has a character that its type does not allow."),
        codec("invalidVersion", "A version string breaks its grammar."),
        codec("tooDeep", "Groups are nested too deep."),
        codec("tooLarge", "A size is above what is read."),
        codec("base64", "Text is no Base64url without padding in its one spelling."),
    ]

    private static func threshold(_ name: String, _ summary: String, _ explanation: String) -> ErrorEntry {
        ErrorArea.threshold.entry(name, .usage, summary, next: "kelmark id create --help", explanation)
    }

    static let thresholds: [ErrorEntry] = [
        threshold(
            "malformed", "A threshold is neither a number nor weights.",
            "Write 2, or 1/2,1/2,1/4, or clauses joined by a plus sign: 1/2,1/2+1,1."),
        threshold("empty", "A threshold without weights.", "Each clause needs at least one weight."),
        threshold("badWeight", "A weight is no fraction between 0 and 1.", "Write weights as 0, 1, or n/d."),
        threshold(
            "clauseBelowOne", "The weights of a clause don't reach 1 together.",
            "Even all keys together could not sign."),
        threshold("tooFine", "The denominators are too fine.", "Choose fractions with smaller denominators."),
        threshold(
            "too-high", "The threshold needs more keys than there are.", "Even all keys together could not sign."),
    ]
}
