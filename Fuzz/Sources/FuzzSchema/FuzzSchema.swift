// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import FuzzSupport
internal import KelmarkBytes

/// A schema and a document, divided by a line `%%`. The schema is read as it is, and once more with its SAIDs put right,
/// so that values are judged by it. Every judgement ends after a fixed number of steps, whatever the two say: an input
/// takes well under a second.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSchema(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let mark = input.firstRange(of: Array("\n%%\n".utf8)) else { return }
        let written = Array(input[..<mark.lowerBound])
        let document = Array(input[mark.upperBound...])
        _ = try? CredentialSchema(parsing: written)
        _ = SchemaLint.findings(in: written)
        guard let tree = try? OrderedValue(parsingJSON: written.span, strictness: .interoperable),
            let draft = tree.mapValue
        else { return }
        _ = SchemaLint.findings(in: draft)
        guard let bytes = try? SchemaAddressing.address(draft) else { return }
        guard let schema = try? CredentialSchema(parsing: bytes) else {
            property(false, "an addressed schema can be read")
            return
        }
        property((try? CredentialSchema(interoperable: bytes)) == schema, "both ways in read the same schema")
        if let value = try? OrderedValue(parsingJSON: document.span, strictness: .interoperable) {
            judge(value, by: schema)
        }
    }
}

/// Judges a value in every format, twice.
private func judge(_ value: OrderedValue, by schema: CredentialSchema) {
    let limits = SchemaLimits(steps: 200_000)
    var first: SchemaResult?
    for format in DocumentFormat.allCases {
        guard let bytes = try? value.encoded(as: format), let index = try? DocumentIndex(bytes.span, format: format)
        else { continue }
        let result = schema.validate(index, of: bytes.span, with: SchemaLibrary([schema]), limits: limits)
        let again = schema.validate(index, of: bytes.span, with: SchemaLibrary([schema]), limits: limits)
        property(result == again, "the same value is judged the same way twice")
        if case .violated(let violations) = result {
            property((1...limits.violations).contains(violations.count), "a violation is told, and not too many")
        }
        if case .undecided = result { continue }
        property(first == nil || first == result, "the format makes no difference")
        first = result
        _ = schema.validate(
            index, of: bytes.span, with: SchemaLibrary(), limits: limits, assertsFormats: true)
    }
}
