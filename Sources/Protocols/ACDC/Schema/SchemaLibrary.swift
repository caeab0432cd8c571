// SPDX-License-Identifier: Apache-2.0

public import KERI

/// Schemas by SAID: what a schema's references are looked up in. Nothing is ever fetched.
public struct SchemaLibrary: Sendable {
    private var schemas: [SAID: CredentialSchema] = [:]
    private var programs: [String: SchemaProgram] = [:]

    /// An empty library.
    public init() {}

    /// A library of some schemas.
    public init(_ schemas: some Sequence<CredentialSchema>) {
        for schema in schemas { add(schema) }
    }

    /// Adds a schema.
    public mutating func add(_ schema: CredentialSchema) {
        schemas[schema.said] = schema
        programs[schema.said.text] = schema.program
    }

    /// The schema with a SAID.
    public subscript(said: SAID) -> CredentialSchema? { schemas[said] }

    /// The SAIDs of the schemas, in order.
    public var saids: [SAID] { schemas.keys.sorted() }

    /// Adds a schema under any URI: for test suites that are not written for SAIDs.
    mutating func add(_ program: SchemaProgram, as uri: String) { programs[uri] = program }

    func program(_ key: String) -> SchemaProgram? { programs[key] }

    /// What is missing of everything that a program refers to, and that in turn.
    func missing(for program: SchemaProgram) -> Set<SAID> {
        var missing: Set<SAID> = []
        var seen: Set<String> = []
        var waiting = [program]
        while let next = waiting.popLast() {
            for reference in next.foreign where seen.insert(reference.key).inserted {
                if let found = programs[reference.key] {
                    waiting.append(found)
                } else if let said = reference.said {
                    missing.insert(said)
                }
            }
        }
        return missing
    }
}
