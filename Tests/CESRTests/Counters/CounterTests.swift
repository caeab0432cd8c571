// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CESR
import KelmarkTestSupport
import Testing

/// `cesr_counter.json`: version 1 counters.
@Suite struct CounterTests {
    struct File: Decodable {
        var round_trips: [RoundTrip]
        var genus_versions: [GenusVersion]
    }

    struct RoundTrip: Decodable, Sendable, CustomTestStringConvertible {
        var code: String
        var hs: Int
        var ss: Int
        var count: Int
        var qb64: String
        var qb2: String
        var testDescription: String { "\(code) \(count)" }
    }

    struct GenusVersion: Decodable, Sendable, CustomTestStringConvertible {
        var version: String
        var b64: String
        var qb64: String
        var testDescription: String { version }
    }

    static let file = try! Vectors.decode(File.self, from: "KERI/cesr_counter.json")

    @Test(arguments: file.round_trips)
    func roundTrip(_ row: RoundTrip) throws {
        let code = try #require(CountCode(row.code))
        #expect(code.hardCount == row.hs && code.softCount == row.ss)
        let built = try Counter(code, count: row.count)
        #expect(built.text == row.qb64)
        #expect(built.binary == bytes(hex: row.qb2))
        #expect(try Counter(text: row.qb64) == built)
        #expect(try Counter(binary: bytes(hex: row.qb2).span) == built)
        for count in 0..<row.qb64.utf8.count {
            let error = #expect(throws: CESRError.self) { try Counter(text: String(row.qb64.prefix(count))) }
            #expect(error?.missing != nil)
        }
    }

    @Test(arguments: file.genus_versions)
    func genusVersion(_ row: GenusVersion) throws {
        let numbers = row.version.split(separator: ".").compactMap { Int($0) } + [0, 0]
        let built = try Counter(genusVersion: numbers[0], numbers[1], numbers[2], form: .genusVersion1)
        #expect(built.text == row.qb64)
        #expect(try Counter(text: row.qb64) == built)
        #expect(row.qb64.hasSuffix(row.b64))
    }

    @Test func numberOfCases() {
        #expect(Self.file.round_trips.count == 90)
        #expect(Self.file.genus_versions.count == 4)
    }
}
