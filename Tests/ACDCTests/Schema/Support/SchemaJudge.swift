// SPDX-License-Identifier: Apache-2.0

import KERI
import KelmarkBytes

@testable import ACDC

/// Compiles schemas that have no SAID, and judges values by them.
struct SchemaJudge {
    let program: SchemaProgram
    var library = SchemaLibrary()
    var limits: SchemaLimits
    var assertsFormats = false

    /// Takes any spelling of JSON.
    init(
        _ schema: String, limits: SchemaLimits = .standard, base: String = "", anyReference: Bool = false
    ) throws {
        try self.init(try compactJSON(schema), limits: limits, base: base, anyReference: anyReference)
    }

    init(_ compact: [UInt8], limits: SchemaLimits, base: String, anyReference: Bool) throws {
        var compiler = SchemaCompiler(
            try SchemaDocument(compact, limits: limits), limits: limits, allowsAnyReference: anyReference)
        program = try compiler.compile(base: base)
        self.limits = limits
    }

    func judge(_ value: String, as format: DocumentFormat = .json) throws -> SchemaResult {
        let tree = try OrderedValue(parsingJSON: value.utf8.span, strictness: .interoperable)
        return try judge(tree, as: format)
    }

    func judge(_ value: OrderedValue, as format: DocumentFormat = .json) throws -> SchemaResult {
        let bytes = try value.encoded(as: format)
        let index = try DocumentIndex(bytes.span, format: format)
        return program.validate(
            index, at: 0, of: bytes.span, with: library, limits: limits, assertsFormats: assertsFormats)
    }
}

func compactJSON(_ text: String) throws -> [UInt8] {
    try OrderedValue(parsingJSON: text.utf8.span, strictness: .interoperable).encoded(as: .json)
}

/// The code and place with which a schema is refused; nil when it is not.
func refusal(of schema: String, limits: SchemaLimits = .standard) throws -> SchemaError? {
    do {
        _ = try SchemaJudge(schema, limits: limits)
        return nil
    } catch let error as SchemaError {
        return error
    }
}
