// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import CESR

/// `cesr_invalid.json`: what KERIpy refuses we refuse; where we are stricter `deviations.json` says so.
@Suite struct InvalidInputTests {
    struct File: Decodable { var rows: [Row] }

    struct Row: Decodable, Sendable, CustomTestStringConvertible {
        var primitive: String
        var input: Input
        var why: String
        var keripy_error: String?
        var testDescription: String { "\(primitive): \(why)" }
    }

    struct Hex: Decodable, Sendable { var hex: String }

    struct Input: Decodable, Sendable {
        var qb64: String?
        var qb2: Hex?
        var raw: Hex?
        var code: String?
        var index: Int?
        var ondex: Int?
        var count: Int?
        var bext: String?
        var path: [String]?
        /// A number of any kind, as text; nil when the row has none.
        var number: String?
        /// Whether `raw` is given but is no byte string, which Swift's types refuse.
        var hasUntypedRaw = false

        enum CodingKeys: String, CodingKey { case qb64, qb2, raw, code, index, ondex, count, bext, path, num, sn }

        init(from decoder: any Decoder) throws {
            let box = try decoder.container(keyedBy: CodingKeys.self)
            qb64 = try box.decodeIfPresent(String.self, forKey: .qb64)
            qb2 = try box.decodeIfPresent(Hex.self, forKey: .qb2)
            raw = try? box.decodeIfPresent(Hex.self, forKey: .raw)
            hasUntypedRaw = box.contains(.raw) && raw == nil
            code = try box.decodeIfPresent(String.self, forKey: .code)
            index = try box.decodeIfPresent(Int.self, forKey: .index)
            ondex = try box.decodeIfPresent(Int.self, forKey: .ondex)
            count = try box.decodeIfPresent(Int.self, forKey: .count)
            bext = try box.decodeIfPresent(String.self, forKey: .bext)
            path = try box.decodeIfPresent([String].self, forKey: .path)
            for key in [CodingKeys.num, .sn] where box.contains(key) {
                if let text = try? box.decode(String.self, forKey: key) {
                    number = text
                } else if let value = try? box.decode(Int.self, forKey: key) {
                    number = String(value, radix: 16)
                } else {
                    // Above 128 bits, or a fraction.
                    number = "\(try box.decode(Double.self, forKey: key))"
                }
            }
        }
    }

    struct Deviation: Decodable, Sendable {
        var row: Int
        var error: String
        var facts: String
    }

    struct Deviations: Decodable { var cesr_invalid: [Deviation] }

    static let rows = try! Vectors.decode(File.self, from: "KERI/cesr_invalid.json").rows
    static let deviations = try! Vectors.decode(Deviations.self, from: "KERI/deviations.json").cesr_invalid

    @Test(arguments: rows.indices)
    func verdict(_ index: Int) throws {
        let row = Self.rows[index]
        let error = Self.error(of: row)
        if let deviation = Self.deviations.first(where: { $0.row == index }) {
            #expect(row.keripy_error == nil)
            #expect(error.map { "\($0)".replacing("CESR.CESRError.Kind.", with: "") } == deviation.error)
            #expect(!deviation.facts.isEmpty)
        } else {
            #expect((error == nil) == (row.keripy_error == nil), "\(row.why): \(String(describing: error))")
            // What makes a stream wait must not look like a fault, and the other way round.
            if let name = row.keripy_error, let error {
                if case .truncated = error {
                    #expect(name == "ShortageError")
                } else {
                    #expect(name != "ShortageError")
                }
            }
        }
    }

    @Test func numberOfCases() {
        #expect(Self.rows.count == 76)
        #expect(Set(Self.rows.map(\.primitive)).count == 12)
    }

    /// What reading the row's input comes to: nil when it is accepted.
    static func error(of row: Row) -> CESRError.Kind? {
        if row.input.hasUntypedRaw { return .wrongLength(expected: 32, found: 4) }
        do throws(CESRError) {
            switch row.primitive {
            case "Siger": _ = try signature(row.input)
            case "Counter": _ = try counter(row.input)
            case "Number": _ = try number(row.input.number)
            case "Bexter": _ = try Base64Text(row.input.bext ?? "").primitive
            case "Pather": _ = try FieldPath(row.input.path ?? [])
            case "Seqner" where row.input.number != nil: _ = try number(row.input.number)
            default:
                let primitive = try primitive(row.input)
                guard isAllowed(primitive.code, in: row.primitive) else { throw CESRError(.misplacedCode) }
                if row.primitive == "Dater" { _ = try DateTime(primitive) }
            }
            return nil
        } catch {
            return error.kind
        }
    }

    static func primitive(_ input: Input) throws(CESRError) -> Primitive {
        if let text = input.qb64 { return try Primitive(text: text) }
        if let binary = input.qb2 { return try Primitive(binary: bytes(hex: binary.hex).span) }
        guard let code = PrimitiveCode(input.code ?? "") else { throw CESRError(.unknownCode) }
        return try Primitive(code: code, raw: bytes(hex: input.raw?.hex ?? ""))
    }

    static func signature(_ input: Input) throws(CESRError) -> IndexedSignature {
        if let text = input.qb64 { return try IndexedSignature(text: text) }
        guard let code = IndexerCode(input.code ?? "") else { throw CESRError(.unknownCode) }
        return try IndexedSignature(
            code: code, index: input.index ?? 0, ondex: input.ondex, raw: bytes(hex: input.raw?.hex ?? ""))
    }

    static func counter(_ input: Input) throws(CESRError) -> Counter {
        if let text = input.qb64 { return try Counter(text: text) }
        guard let code = CountCode(input.code ?? "") else { throw CESRError(.unknownCode) }
        return try Counter(code, count: input.count ?? 0)
    }

    static func number(_ text: String?) throws(CESRError) -> Number { try Number(hex: text ?? "") }

    static func isAllowed(_ code: PrimitiveCode, in type: String) -> Bool {
        switch type {
        case "Verfer": code.isVerificationKey
        case "Diger": code.isKeyDigest
        case "Saider": code.isDigest
        case "Prefixer": code.isDerivablePrefix
        case "Seqner": code == .salt128
        case "Dater": code == .dateTime
        default: true
        }
    }
}
