// SPDX-License-Identifier: Apache-2.0

/// Every bound on the work that a schema of strangers may ask for. What goes over one is refused when the schema is
/// compiled, or leaves a validation undecided; nothing runs on.
public struct SchemaLimits: Hashable, Sendable {
    /// Largest schema, in bytes.
    public var schemaBytes: Int
    /// Deepest nesting of the schema document.
    public var nestingDepth: Int
    /// Most values in the schema document.
    public var schemaValues: Int
    /// Most subschemas.
    public var subschemas: Int
    /// Most values of one `enum`.
    public var enumValues: Int
    /// Longest regular expression, in bytes.
    public var patternBytes: Int
    /// Most states of the automata of all regular expressions together.
    public var patternStates: Int
    /// Most subschemas that are entered inside one another during a validation. Each takes a part of the stack.
    public var depth: Int
    /// Steps that one validation may take: entering a subschema, looking at a member or element, every 16 bytes
    /// compared, every state of an automaton at every character.
    public var steps: Int
    /// Most violations that are reported.
    public var violations: Int

    /// Creates a set of bounds; every argument has the default that ``standard`` has.
    public init(
        schemaBytes: Int = 256 << 10, nestingDepth: Int = 64, schemaValues: Int = 1 << 16, subschemas: Int = 8192,
        enumValues: Int = 4096, patternBytes: Int = 2048, patternStates: Int = 1 << 14, depth: Int = 200,
        steps: Int = 1_000_000, violations: Int = 8
    ) {
        self.schemaBytes = schemaBytes
        self.nestingDepth = nestingDepth
        self.schemaValues = schemaValues
        self.subschemas = subschemas
        self.enumValues = enumValues
        self.patternBytes = patternBytes
        self.patternStates = patternStates
        self.depth = depth
        self.steps = steps
        self.violations = violations
    }

    /// The defaults.
    public static let standard = SchemaLimits()
}
