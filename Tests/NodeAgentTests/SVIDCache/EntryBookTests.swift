// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkTestSupport
import SPIFFE
import Testing

@testable import NodeAgent

struct EntryBookTests {
    @Test func `an entry is found by all of its selectors, and gone when removed`() {
        var book = EntryBook()
        book.put(Sample.entry("a", selectors: [Sample.web, Sample.group]))
        book.put(Sample.entry("b"))
        #expect(Set(book.matching([Sample.web, Sample.group]).map(\.id)) == ["a", "b"])
        #expect(book.matching([Sample.web]).map(\.id) == ["b"])
        book.put(Sample.entry("b", selectors: [Sample.other]))
        #expect(book.matching([Sample.web]).isEmpty)
        book.remove("a")
        book.remove("unknown")
        #expect(book.matching([Sample.web, Sample.group]).isEmpty)
        #expect(book.revisions.map(\.id) == ["b"])
    }

    @Test func `the nearest entries lack fewest selectors`() {
        var book = EntryBook()
        book.put(Sample.entry("far", selectors: [Sample.web, Sample.group, Sample.other]))
        book.put(Sample.entry("near", selectors: [Sample.web, Sample.group]))
        book.put(Sample.entry("foreign", selectors: [Sample.other]))
        let nearest = book.nearest(to: [Sample.web], most: 2)
        #expect(nearest.map(\.entry.id) == ["near", "far"])
        #expect(nearest.first?.missing == [Sample.group])
        #expect(book.nearest(to: [Sample.web], most: 1).count == 1)
    }

    @Test func `of many entries those under a found selector are compared, and not more than a bound`() throws {
        var book = EntryBook()
        for number in 0..<(3 * EntryBook.mostCompared) {
            book.put(Sample.entry("foreign-\(number)", selectors: [try Selector("a:\(number)")]))
        }
        book.put(Sample.entry("near", selectors: [Sample.group, Sample.web]))
        #expect(book.nearest(to: [Sample.group], most: 2).map(\.entry.id) == ["near"])
        for number in 0..<(2 * EntryBook.mostCompared) {
            book.put(Sample.entry("near-\(number)", selectors: [Sample.group, try Selector("x:\(number)")]))
        }
        #expect(book.nearest(to: [Sample.group], most: .max).count == EntryBook.mostCompared)
    }

    private struct Logic: Decodable {
        struct Entry: Decodable {
            let id: String
            var selectors: [String]?
            var hint: String?
            var createdAt: Int64?
        }
        struct Match: Decodable {
            let name: String
            let workloadSelectors: [String]
            let entries: [Entry]
            let expectEntryIds: [String]
        }
        struct Hints: Decodable {
            let name: String
            let entries: [Entry]
            let keep: [String]
        }
        let selectorMatch: [Match]
        let hintFilter: [Hints]
    }

    private static func logic() throws -> Logic {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Logic.self, from: Data(try Vectors.data("SPIFFE/logic.json")))
    }

    @Test func `the vectors of matching hold`() throws {
        let cases = try Self.logic().selectorMatch
        #expect(cases.count == 4)
        for one in cases {
            var book = EntryBook()
            for entry in one.entries {
                let selectors = try (entry.selectors ?? []).map { text throws(SelectorError) in try Selector(text) }
                book.put(Sample.entry(entry.id, selectors: Set(selectors)))
            }
            let found = try one.workloadSelectors.map { text throws(SelectorError) in try Selector(text) }
            #expect(book.matching(Set(found)).map(\.id).sorted() == one.expectEntryIds, "\(one.name)")
        }
    }

    @Test func `the vectors of hints hold`() throws {
        let cases = try Self.logic().hintFilter
        #expect(cases.count == 2)
        for one in cases {
            let entries = one.entries.map {
                Sample.entry($0.id, createdAt: $0.createdAt ?? 0, hint: $0.hint ?? "")
            }
            #expect(IdentityOrder.arranged(entries).map(\.id).sorted() == one.keep.sorted(), "\(one.name)")
        }
    }
}
