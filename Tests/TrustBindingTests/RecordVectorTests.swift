// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkTestSupport
import Testing

@testable import TrustBinding

struct RecordCase: Decodable, Sendable, CustomTestStringConvertible {
    struct File: Decodable {
        let cases: [RecordCase]
        let schemas: [String]
    }

    let name: String
    let record: String
    let said: String?
    let error: String?

    var testDescription: String { name }
    static let file = try! Vectors.decode(File.self, from: "TrustBinding/records.json")
    static let all = file.cases
}

struct RecordVectorTests {
    @Test(arguments: RecordCase.all)
    func recordVector(_ vector: RecordCase) throws {
        do {
            let record = try BindingRecord(parsing: Array(vector.record.utf8))
            #expect(record.said.text == vector.said)
            #expect(record.bytes == Array(vector.record.utf8))
        } catch {
            #expect(error.code.rawValue == vector.error, "\(error)")
        }
    }

    @Test func everyVectorRuns() {
        #expect(RecordCase.all.count == 25)
        #expect(RecordCase.all.filter { $0.error == nil }.count == 7)
    }

    @Test func schemasAreThoseOfTheVectors() {
        #expect(RecordSchema.all.map { String(decoding: $0.bytes, as: UTF8.self) } == RecordCase.file.schemas)
    }
}
