// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

struct OrderedValueTests {
    @Test func `Literals make the tree`() throws {
        let value: OrderedValue = ["v": "x", "n": 7, "ok": true, "l": ["a", 1], "m": ["d": ""]]
        #expect(
            String(decoding: try value.encoded(as: .json), as: UTF8.self)
                == #"{"v":"x","n":7,"ok":true,"l":["a",1],"m":{"d":""}}"#)
        let twice: OrderedValue = ["a": 1, "b": 2, "a": 3]
        #expect(twice == ["a": 3, "b": 2])
        let map: OrderedMap = ["a": 1, "b": 2, "a": 3]
        #expect(twice == .map(map))
        #expect("\(7)" as OrderedValue == .text("7"))
    }

    @Test func `Values are reached by label and place`() {
        var value: OrderedValue = ["a": ["b": ["c": 5]], "l": [1, "two"]]
        #expect(value.value(at: "a", "b", "c") == 5)
        #expect(value.value(at: "a", "x", "c") == nil)
        #expect(value.value(at: "l", "c") == nil)
        #expect(value["l"]?[1] == "two")
        #expect(value["l"]?[2] == nil)
        #expect(value["l"]?[-1] == nil)
        #expect(value["a"]?[0] == nil)
        #expect(value[0] == nil)
        value["a"]?["b"] = "changed"
        #expect(value["a"] == ["b": "changed"])
        value["a"] = nil
        #expect(value.mapValue?.labels == ["l"])
        var text: OrderedValue = "x"
        text["a"] = 1
        #expect(text == "x")
    }

    @Test func `Each kind gives its own value only`() {
        let values: [OrderedValue] = [.null, true, 5, .float("1.5"), "t", .bytes([1]), [1], ["a": 1]]
        #expect(values.map(\.isNull) == [true, false, false, false, false, false, false, false])
        #expect(values.compactMap(\.booleanValue) == [true])
        #expect(values.compactMap(\.integerValue) == [5])
        #expect(values.compactMap(\.doubleValue) == [5, 1.5])
        #expect(values.compactMap(\.textValue) == ["t"])
        #expect(values.compactMap(\.bytesValue) == [[1]])
        #expect(values.compactMap(\.listValue) == [[1]])
        #expect(values.compactMap(\.mapValue) == [["a": 1]])
        #expect(OrderedValue.integer("9223372036854775808").integerValue == nil)
        #expect(OrderedValue.integer("9007199254740993").doubleValue == nil)
        #expect(Set(values).count == values.count)
        #expect(Set(values + values).count == values.count)
        for (place, value) in values.enumerated() {
            for (other, another) in values.enumerated() { #expect((value == another) == (place == other)) }
        }
        #expect(OrderedValue.integer("1") != .float("1"))
        #expect(OrderedValue.text("1") != .integer("1"))
    }

    @Test func `Equality is exact`() {
        #expect("\u{e9}" == "e\u{301}")
        #expect(OrderedValue.text("\u{e9}") != .text("e\u{301}"))
        #expect(["\u{e9}": 1] as OrderedMap != ["e\u{301}": 1])
        #expect(["a": 1, "b": 2] as OrderedMap != ["b": 2, "a": 1])
        #expect(OrderedValue.float("0.0") != .float("-0.0"))
        let both: OrderedMap = ["\u{e9}": 1, "e\u{301}": 2]
        #expect(both.count == 2)
        #expect(both["e\u{301}"] == 2)
        #expect(Set([both, both]).count == 1)
    }

    /// Edges of every width, as cbor2 and msgpack-python write them.
    @Test(arguments: [
        ("0", "00", "00"), ("23", "17", "17"), ("24", "1818", "18"), ("127", "187f", "7f"), ("128", "1880", "cc80"),
        ("255", "18ff", "ccff"), ("256", "190100", "cd0100"), ("65535", "19ffff", "cdffff"),
        ("65536", "1a00010000", "ce00010000"), ("4294967295", "1affffffff", "ceffffffff"),
        ("4294967296", "1b0000000100000000", "cf0000000100000000"),
        ("9223372036854775807", "1b7fffffffffffffff", "cf7fffffffffffffff"),
        ("18446744073709551615", "1bffffffffffffffff", "cfffffffffffffffff"),
        ("18446744073709551616", "c249010000000000000000", ""),
        ("-1", "20", "ff"), ("-24", "37", "e8"), ("-25", "3818", "e7"), ("-32", "381f", "e0"),
        ("-33", "3820", "d0df"), ("-128", "387f", "d080"), ("-129", "3880", "d1ff7f"), ("-256", "38ff", "d1ff00"),
        ("-257", "390100", "d1feff"), ("-32768", "397fff", "d18000"), ("-32769", "398000", "d2ffff7fff"),
        ("-65536", "39ffff", "d2ffff0000"), ("-2147483648", "3a7fffffff", "d280000000"),
        ("-2147483649", "3a80000000", "d3ffffffff7fffffff"), ("-4294967296", "3affffffff", "d3ffffffff00000000"),
        ("-4294967297", "3b0000000100000000", "d3fffffffeffffffff"),
        ("-9223372036854775808", "3b7fffffffffffffff", "d38000000000000000"),
        ("-9223372036854775809", "3b8000000000000000", ""), ("-18446744073709551616", "3bffffffffffffffff", ""),
        ("-18446744073709551617", "c349010000000000000000", ""),
        ("1000000000000000000000000000000", "c24d0c9f2c9cd04674edea40000000", ""),
        ("-340282366920938463463374607431768211456", "c350ffffffffffffffffffffffffffffffff", ""),
    ])
    func `Integers have the shortest form`(_ text: String, _ cbor: String, _ messagePack: String) throws {
        let value = OrderedValue.integer(text)
        #expect(try value.encoded(as: .json) == Array(text.utf8))
        #expect(hex(try value.encoded(as: .cbor)) == cbor)
        if messagePack.isEmpty {
            #expect(throws: DocumentEncodingError.integerOutOfRange) { try value.encoded(as: .messagePack) }
        } else {
            #expect(hex(try value.encoded(as: .messagePack)) == messagePack)
        }
        for format in DocumentFormat.allCases where format != .messagePack || !messagePack.isEmpty {
            let bytes = try value.encoded(as: format)
            #expect(try OrderedValue(parsing: bytes.span, format: format) == value)
            #expect(try Scanned(bytes, format).unsigned(0) == UInt64(text))
        }
    }

    @Test func `Integers of any length survive`() throws {
        for digits in [20, 55, 56, 616, 617, 618, 4299, 4300] {
            for text in ["1" + String(repeating: "0", count: digits - 1), String(repeating: "9", count: digits - 1)] {
                for sign in ["", "-"] {
                    let value = OrderedValue.integer(sign + text)
                    let bytes = try value.encoded(as: .cbor)
                    #expect(try OrderedValue(parsing: bytes.span, format: .cbor) == value)
                    let json = try value.encoded(as: .json)
                    #expect(try OrderedValue(parsing: json.span, format: .json) == value)
                }
            }
        }
    }

    @Test(arguments: ["", "-", "-0", "00", "01", "+1", "1.0", "1e5", " 1", "x", "٣"])
    func `Malformed integers are not encoded`(_ text: String) {
        for format in DocumentFormat.allCases {
            #expect(throws: DocumentEncodingError.malformedInteger) {
                try OrderedValue.integer(text).encoded(as: format)
            }
        }
    }

    @Test func `Lengths have the shortest form`() throws {
        for (count, cbor, text, bytes) in [
            (0, "60", "a0", "c400"), (23, "77", "b7", "c417"), (24, "7818", "b8", "c418"), (31, "781f", "bf", "c41f"),
            (32, "7820", "d920", "c420"), (255, "78ff", "d9ff", "c4ff"), (256, "790100", "da0100", "c50100"),
            (65535, "79ffff", "daffff", "c5ffff"), (65536, "7a00010000", "db00010000", "c600010000"),
        ] {
            let string = OrderedValue.text(String(repeating: "x", count: count))
            let blob = OrderedValue.bytes(Array(repeating: 7, count: count))
            #expect(hex(try string.encoded(as: .cbor).dropLast(count)) == cbor)
            #expect(hex(try string.encoded(as: .messagePack).dropLast(count)) == text)
            #expect(hex(try blob.encoded(as: .messagePack).dropLast(count)) == bytes)
            for format in [DocumentFormat.cbor, .messagePack] {
                for value in [string, blob] {
                    let encoded = try value.encoded(as: format)
                    #expect(try OrderedValue(parsing: encoded.span, format: format) == value)
                    #expect(try Scanned(encoded, format).raw(0) == encoded)
                }
            }
            #expect(throws: DocumentEncodingError.bytesInJSON) { try blob.encoded(as: .json) }
        }
    }

    @Test func `Counts have the shortest form`() throws {
        for (count, cbor, list, map) in [
            (15, "8f", "9f", "8f"), (16, "90", "dc0010", "de0010"), (23, "97", "dc0017", "de0017"),
            (24, "9818", "dc0018", "de0018"), (256, "990100", "dc0100", "de0100"),
            (65535, "99ffff", "dcffff", "deffff"), (65536, "9a00010000", "dd00010000", "df00010000"),
        ] {
            let elements = OrderedValue.list(Array(repeating: .null, count: count))
            let members = (0..<count).map { OrderedMap.Member(label: "\($0)", value: .null) }
            let table = OrderedValue.map(try #require(OrderedMap(members: members)))
            #expect(hex(try elements.encoded(as: .cbor).dropLast(count)) == cbor)
            #expect(hex(try elements.encoded(as: .messagePack).dropLast(count)) == list)
            #expect(hex(try table.encoded(as: .messagePack)).hasPrefix(map))
            for format in DocumentFormat.allCases where count < 1000 || format == .messagePack {
                for value in [elements, table] {
                    let encoded = try value.encoded(as: format)
                    #expect(try OrderedValue(parsing: encoded.span, format: format) == value)
                }
            }
        }
    }

    @Test(arguments: DocumentFormat.allCases) func `A part of a tape becomes a tree`(_ format: DocumentFormat) throws {
        let value: OrderedValue = ["a": [["d": "x", "t": true], false, .null], "f": .float("1.5")]
        let document = try Scanned(try value.encoded(as: format), format)
        let place = try #require(document.value("a"))
        let bytes = document.bytes
        #expect(OrderedValue(document.index, at: place, in: bytes.span) == value["a"])
        #expect(OrderedValue(document.index, at: 0, in: bytes.span) == value)
        #expect(OrderedValue(document.index, at: 99, in: bytes.span) == .null)
        #expect(document.boolean(place + 5) == true)
        #expect(document.boolean(place + 6) == false)
        #expect(document.boolean(place) == nil)
        #expect(document.unsigned(place) == nil)
        #expect(document.raw(place) == (try value["a"]?.encoded(as: format)))
        let tokens = document.index.tokens
        #expect(document.index.floatText(of: tokens[place], in: bytes.span).isEmpty)
        #expect(document.index.integerText(of: tokens[place], in: bytes.span).isEmpty)
    }

    @Test func `Unsigned integers end at 64 bits`() throws {
        #expect(try Scanned(json: "18446744073709551615").unsigned(0) == .max)
        #expect(try Scanned(json: "18446744073709551616").unsigned(0) == nil)
        #expect(try Scanned(json: "184467440737095516150").unsigned(0) == nil)
        #expect(try Scanned(json: "-1").unsigned(0) == nil)
    }

    @Test func `A map keeps its order through changes`() {
        for count in [5, 40] {
            var map = OrderedMap()
            for number in 0..<count { map["l\(number)"] = OrderedValue(number) }
            let appended = map.append(0, for: "l3")
            #expect(!appended)
            map["l2"] = "changed"
            map["l1"] = nil
            map["nothing"] = nil
            map["l1"] = "last"
            var labels = (0..<count).map { "l\($0)" }
            labels.remove(at: 1)
            labels.append("l1")
            #expect(map.labels == labels)
            #expect(map["l2"] == "changed")
            #expect(map["l4"] == 4)
            #expect(map["l1"] == "last")
            #expect(map.position(of: "l4") == 3)
            #expect(map["absent"] == nil)
            #expect(!map.isEmpty)
            while let label = map.labels.first { map[label] = nil }
            #expect(map.isEmpty)
        }
        #expect(OrderedMap(members: [.init(label: "a", value: 1), .init(label: "a", value: 2)]) == nil)
    }

    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
