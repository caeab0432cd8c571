// SPDX-License-Identifier: Apache-2.0

public import KERI

/// What a validation found. Only ``valid`` means that the value may be trusted to have the form.
public enum SchemaResult: Hashable, Sendable {
    /// The value is as the schema demands.
    case valid
    /// It is not; the first few reasons.
    case violated([SchemaViolation])
    /// It depends on schemas that the library does not have.
    case missing(Set<SAID>)
    /// The schema asks for more work than the limits allow, or for what can't be done.
    case undecided(SchemaBound)

    /// Whether the value is as the schema demands.
    public var isValid: Bool { self == .valid }
}

/// What a validation came up against before its end. The raw values are stable codes.
public enum SchemaBound: String, Hashable, Sendable, CaseIterable {
    /// ``SchemaLimits/steps``.
    case steps = "schema-steps"
    /// ``SchemaLimits/depth``.
    case depth = "schema-depth"
    /// A reference into another schema leads to a part that it does not have.
    case brokenReference = "schema-broken-reference"
}

/// One thing in a value that a schema does not allow.
public struct SchemaViolation: Hashable, Sendable {
    /// JSON pointer to the part of the value, from where the validation started. Its labels are the value's own.
    public let instance: String
    /// JSON pointer to the keyword in the schema.
    public let schema: String
    /// The schema that has the keyword, when it is not the one that was asked.
    public let foreign: SAID?
    /// What the keyword demands, in words.
    public let words: String

    /// Describes a violation.
    public init(instance: String, schema: String, foreign: SAID? = nil, words: String) {
        self.instance = instance
        self.schema = schema
        self.foreign = foreign
        self.words = words
    }
}
