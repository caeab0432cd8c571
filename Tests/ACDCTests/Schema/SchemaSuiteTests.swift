// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

@testable import ACDC

/// Runs the public JSON-Schema-Test-Suite where `KELMARK_SCHEMA_SUITE` names a checkout of it. Other schemas that cases
/// refer to are taken from its `remotes`, and from a folder `metaschemas` that may be put beside.
struct SchemaSuiteTests {
    static let folder = ProcessInfo.processInfo.environment["KELMARK_SCHEMA_SUITE"].map { URL(filePath: $0) }

    private struct Tally {
        var passed = 0
        var failed: [String] = []
    }

    @Test(arguments: ["draft7", "draft2020-12"])
    func `The mandatory cases of the public suite`(draft: String) throws {
        guard let folder = Self.folder else {
            print("schema suite \(draft): not run, KELMARK_SCHEMA_SUITE names no folder")
            return
        }
        let name = draft == "draft7" ? "http://json-schema.org/draft-07/schema#" : ""
        let library = try Self.remotes(in: folder, dialect: name)
        let tally = try Self.run(folder.appending(path: "tests/\(draft)"), dialect: name, library: library)
        print("schema suite \(draft): \(tally.passed) cases pass, \(tally.failed.count) do not")
        for line in tally.failed { print("schema suite \(draft): \(line)") }
        // Dialects that a schema makes itself are not spoken.
        #expect(tally.failed.allSatisfy { $0.hasPrefix("vocabulary.json") })
    }

    @Test(arguments: ["draft7", "draft2020-12"])
    func `Formats and other optional cases of the public suite, for information`(draft: String) throws {
        guard let folder = Self.folder else { return }
        let name = draft == "draft7" ? "http://json-schema.org/draft-07/schema#" : ""
        let library = try Self.remotes(in: folder, dialect: name)
        for (part, asserts) in [("optional", false), ("optional/format", true)] {
            let tally = try Self.run(
                folder.appending(path: "tests/\(draft)/\(part)"), dialect: name, library: library,
                assertsFormats: asserts)
            print("schema suite \(draft)/\(part): \(tally.passed) cases pass, \(tally.failed.count) do not")
            for line in tally.failed { print("schema suite \(draft)/\(part): \(line)") }
        }
    }

    private static func run(
        _ folder: URL, dialect: String, library: SchemaLibrary, assertsFormats: Bool = false
    ) throws -> Tally {
        var tally = Tally()
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted()
        for file in files where file.hasSuffix(".json") {
            let groups = try parse(folder.appending(path: file))
            for group in groups.listValue ?? [] {
                var judge: SchemaJudge?
                var refusal = ""
                do {
                    judge = try self.judge(try #require(group["schema"]), dialect: dialect)
                    judge?.library = library
                    judge?.assertsFormats = assertsFormats
                } catch let error as SchemaError { refusal = "refused: \(error.code.rawValue) at \(error.place)" }
                for test in group["tests"]?.listValue ?? [] {
                    let title =
                        "\(file): \(group["description"]?.textValue ?? ""): \(test["description"]?.textValue ?? "")"
                    guard let judge, let data = test["data"] else {
                        tally.failed.append("\(title): \(refusal)")
                        continue
                    }
                    let result = try judge.judge(data)
                    let isRight: Bool
                    switch result {
                    case .valid: isRight = test["valid"]?.booleanValue == true
                    case .violated: isRight = test["valid"]?.booleanValue == false
                    default: isRight = false
                    }
                    if isRight { tally.passed += 1 } else { tally.failed.append("\(title): \(result)") }
                }
            }
        }
        return tally
    }

    private static func parse(_ file: URL) throws -> OrderedValue {
        let bytes = [UInt8](try Data(contentsOf: file))
        return try OrderedValue(
            parsingJSON: bytes.span, strictness: .interoperable, limits: Limits(nestingDepth: 200))
    }

    /// Draft-07 cases do not name their dialect.
    private static func judge(_ schema: OrderedValue, dialect: String, base: String = "") throws -> SchemaJudge {
        var schema = schema
        if !dialect.isEmpty, schema["$schema"] == nil { schema["$schema"] = .text(dialect) }
        return try SchemaJudge(
            try schema.encoded(as: .json), limits: .standard, base: base, anyReference: true)
    }

    private static func remotes(in folder: URL, dialect: String) throws -> SchemaLibrary {
        var library = SchemaLibrary()
        let remotes = folder.appending(path: "remotes")
        let metaschemas = folder.appending(path: "metaschemas")
        for root in [remotes, metaschemas] {
            let files = FileManager.default.enumerator(atPath: root.path())?.compactMap { $0 as? String } ?? []
            for file in files where file.hasSuffix(".json") {
                let schema = try parse(root.appending(path: file))
                let uri =
                    root == remotes
                    ? "http://localhost:1234/\(file)"
                    : SchemaURI(schema["$id"]?.textValue ?? "").key
                guard let judge = try? judge(schema, dialect: dialect, base: uri) else { continue }
                library.add(judge.program, as: uri)
            }
        }
        return library
    }
}
