// SPDX-License-Identifier: Apache-2.0

/// Why bytes are no schema that can be used, and where.
public struct SchemaError: Error, Hashable, Sendable {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The bytes are no JSON, or no JSON in the compact form over which SAIDs are made.
        case malformed = "schema-malformed"
        /// Larger, deeper or with more values than the limits allow.
        case tooLarge = "schema-too-large"
        /// The schema is no object, so that it can't name its SAID.
        case notObject = "schema-not-an-object"
        /// `$id` is missing or no SAID.
        case notAddressed = "schema-not-addressed"
        /// `$id` is not the digest of the schema.
        case saidMismatch = "schema-said-mismatch"
        /// `$id` of a block inside is a SAID, but not of this block.
        case blockSAIDMismatch = "schema-block-said-mismatch"
        /// Another schema than the one that was asked for.
        case unexpectedSAID = "schema-unexpected"
        /// `$schema` names a dialect that is not spoken here.
        case unknownDialect = "schema-unknown-dialect"
        /// A keyword has a value that it can't have.
        case badKeyword = "schema-bad-keyword"
        /// A regular expression is malformed.
        case badPattern = "schema-bad-pattern"
        /// A regular expression asks for what can't be matched in linear time, or is not supported.
        case unsupportedPattern = "schema-unsupported-pattern"
        /// A regular expression needs more states than are allowed.
        case patternTooLarge = "schema-pattern-too-large"
        /// A reference leads nowhere: not to a part of this schema, and not to a SAID.
        case unresolvableReference = "schema-unresolvable-reference"
        /// Subschemas refer to one another in a circle, without a step into the value.
        case referenceLoop = "schema-reference-loop"
        /// Two parts of the schema have the same `$id` or the same anchor.
        case duplicateIdentifier = "schema-duplicate-identifier"
    }

    /// What is wrong.
    public let code: Code
    /// JSON pointer to the place in the schema; empty for the whole.
    public let place: String
    /// What is wrong, in words.
    public let words: String

    /// Names what is wrong where.
    public init(_ code: Code, at place: String = "", _ words: String) {
        self.code = code
        self.place = place
        self.words = words
    }
}
