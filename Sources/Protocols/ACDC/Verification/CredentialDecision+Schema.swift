// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkBytes

extension CredentialDecision {
    /// Most schemas that one schema may lead to.
    static var mostSchemas: Int { 64 }

    /// Checks a credential against its schema (facts 13.9); nil when it is as the schema demands.
    func judgeSchema(of credential: Credential) throws -> Judgement? {
        let said = credential.said
        guard let schema = try schema(of: credential) else { return lacks([credential.schema], said) }
        guard let library = try library(for: schema) else {
            return reject(
                .schemaTooHard, [CredentialReason(.schemaTooHard, said, "its schema leads to too many others")])
        }
        let index: DocumentIndex
        do throws(DocumentError) {
            index = try DocumentIndex(credential.bytes.span, format: credential.format)
        } catch {
            return reject(.schemaViolated, [CredentialReason(.schemaViolated, said, "its bytes can't be read")])
        }
        switch schema.validate(index, of: credential.bytes.span, with: library, limits: schemaLimits) {
        case .valid: return nil
        case .missing(let schemas): return lacks(schemas, said)
        case .undecided:
            return reject(
                .schemaTooHard, [CredentialReason(.schemaTooHard, said, "its schema asks for too much work")])
        case .violated(let violations):
            return reject(
                .schemaViolated,
                violations.map { violation in
                    let place = violation.instance.split(separator: "/").map { ShownText.label(String($0)) }
                    return CredentialReason(
                        .schemaViolated, said,
                        "/\(place.joined(separator: "/")) violates the schema: \(violation.words)")
                })
        }
    }

    /// The schema as it is known here, else the one that the credential carries itself.
    private func schema(of credential: Credential) throws -> CredentialSchema? {
        if let schema = try view.schema(credential.schema) { return schema }
        guard let range = credential.embeddedSchema else { return nil }
        var bytes = Array(credential.bytes[range])
        if credential.format != .json {
            guard let value = try? OrderedValue(parsing: bytes.span, format: credential.format),
                let json = try? value.encoded(as: .json)
            else { return nil }
            bytes = json
        }
        return try? CredentialSchema(parsing: bytes, expecting: credential.schema, limits: schemaLimits)
    }

    /// A schema with all that it leads to, as far as that is here; nil when it is too much.
    private func library(for schema: CredentialSchema) throws -> SchemaLibrary? {
        var library = SchemaLibrary()
        library.add(schema)
        var seen: Set<SAID> = [schema.said]
        var waiting = Array(schema.references)
        while let said = waiting.popLast() {
            guard seen.insert(said).inserted else { continue }
            guard seen.count <= Self.mostSchemas else { return nil }
            guard let found = try view.schema(said) else { continue }
            library.add(found)
            waiting += found.references
        }
        return library
    }

    private func lacks(_ schemas: Set<SAID>, _ said: SAID) -> Judgement {
        Judgement(
            outcome: .escrowed(.missingSchema),
            reasons: schemas.sorted().map { CredentialReason(.missingSchema, said, "schema \($0) is not here") },
            waitsFor: Set(schemas.map { .schema($0) }), isVouchedFor: true)
    }
}
