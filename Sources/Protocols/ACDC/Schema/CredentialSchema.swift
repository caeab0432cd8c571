// SPDX-License-Identifier: Apache-2.0

public import KERI
public import KelmarkBytes

/// A JSON Schema that is identified by its SAID (`$id`), compiled (facts 13.9).
///
/// Drafts 2020-12 and 07 are spoken, chosen by `$schema`. References lead to parts of the schema itself, or by SAID to
/// others in a ``SchemaLibrary``; nothing is ever fetched.
public struct CredentialSchema: Sendable {
    /// Its digest.
    public let said: SAID
    /// Compact JSON, over which the digest is.
    public let bytes: [UInt8]
    /// What people call it (`title`).
    public let title: String?
    /// What it is for (`description`).
    public let summary: String?
    /// The type of the credentials (`credentialType`, of ACDC).
    public let credentialType: String?
    /// The version that its author gives it (`version`, of ACDC).
    public let version: String?
    let program: SchemaProgram

    /// The schemas that it refers to and does not hold itself.
    public var references: Set<SAID> { Set(program.foreign.compactMap(\.said)) }

    /// Reads a schema as it is served: compact JSON. The SAIDs of the whole and of all blocks inside that name theirs
    /// must be right.
    /// - Throws: ``SchemaError``.
    public init(parsing bytes: [UInt8], limits: SchemaLimits = .standard) throws(SchemaError) {
        let document = try SchemaDocument(bytes, limits: limits)
        guard document.kind(0) == .map else { throw SchemaError(.notObject, "a schema with a SAID is an object") }
        var texts: [String: String] = [:]
        var id: Int?
        for (label, value) in document.members(of: 0) {
            if label == "$id" { id = value }
            texts[label] = document.text(value)
        }
        guard let id, let text = texts["$id"], let said = SAID(text) else {
            throw SchemaError(.notAddressed, at: id == nil ? "" : "/$id", "$id is no SAID")
        }
        guard SchemaAddressing.isAddressed(0, id: id, by: said, in: document) else {
            throw SchemaError(.saidMismatch, at: "/$id", "the SAID is not of this schema")
        }
        var compiler = SchemaCompiler(document, limits: limits)
        program = try compiler.compile()
        for (block, id) in compiler.addressed {
            guard let text = document.text(id), let inner = SAID(text) else { continue }
            guard SchemaAddressing.isAddressed(block, id: id, by: inner, in: document) else {
                throw SchemaError(
                    .blockSAIDMismatch, at: document.pointer(to: id), "the SAID is not of this block")
            }
        }
        self.said = said
        self.bytes = bytes
        title = texts["title"]
        summary = texts["description"]
        credentialType = texts["credentialType"]
        version = texts["version"]
    }

    /// Reads a schema as ``init(parsing:limits:)`` and demands that it is the one that was asked for.
    /// - Throws: ``SchemaError``.
    public init(
        parsing bytes: [UInt8], expecting said: SAID, limits: SchemaLimits = .standard
    ) throws(SchemaError) {
        let schema = try CredentialSchema(parsing: bytes, limits: limits)
        guard schema.said == said else { throw SchemaError(.unexpectedSAID, at: "/$id", "is another schema") }
        self = schema
    }

    /// Reads a schema in any spelling of JSON, as authors publish it: it is put into compact form first.
    /// - Throws: ``SchemaError``.
    public init(interoperable bytes: [UInt8], limits: SchemaLimits = .standard) throws(SchemaError) {
        let compact: [UInt8]
        do throws(DocumentError) {
            let value = try OrderedValue(
                parsingJSON: bytes.span, strictness: .interoperable, limits: limits.document)
            guard let encoded = try? value.encoded(as: .json) else {
                throw DocumentError(.tooLarge, at: 0)
            }
            compact = encoded
        } catch {
            throw SchemaError(error)
        }
        try self.init(parsing: compact, limits: limits)
    }

    /// Validates a value of a scanned document.
    ///
    /// - Parameters:
    ///   - index: the scanned document, in any of the formats.
    ///   - token: the value in it.
    ///   - bytes: what was scanned.
    ///   - library: where other schemas are found.
    ///   - limits: how much work may be done.
    ///   - assertsFormats: whether `format` counts. In the standard, and in KERIpy, it does not.
    /// - Returns: only ``SchemaResult/valid`` means that the value is as it should be.
    public func validate(
        _ index: borrowing DocumentIndex, at token: Int = 0, of bytes: Span<UInt8>, with library: SchemaLibrary,
        limits: SchemaLimits = .standard, assertsFormats: Bool = false
    ) -> SchemaResult {
        program.validate(
            copy index, at: token, of: bytes, with: library, limits: limits, assertsFormats: assertsFormats)
    }
}

extension CredentialSchema: Hashable {
    /// Whether both are the same schema.
    public static func == (one: CredentialSchema, other: CredentialSchema) -> Bool {
        one.said == other.said && one.bytes == other.bytes
    }

    /// Feeds the SAID.
    public func hash(into hasher: inout Hasher) { hasher.combine(said) }
}

extension SchemaProgram {
    func validate(
        _ index: DocumentIndex, at token: Int, of bytes: Span<UInt8>, with library: SchemaLibrary,
        limits: SchemaLimits, assertsFormats: Bool
    ) -> SchemaResult {
        guard index.tokens.indices.contains(token) else {
            return .violated([SchemaViolation(instance: "", schema: "", words: "there is no such value")])
        }
        var machine = SchemaMachine(
            self, index: index, root: token, library: library, limits: limits, assertsFormats: assertsFormats)
        return machine.run(in: bytes)
    }
}
