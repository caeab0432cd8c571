// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

/// Floats are spelt as Python 3 spells them: the table was printed by `repr`.
struct FloatTextTests {
    @Test(arguments: python) func `Python spells it like this`(_ pattern: UInt64, _ text: String) throws {
        let value = Double(bitPattern: pattern)
        #expect(OrderedValue(value) == .float(text))
        let document = try Scanned(json: text)
        #expect(document.index.tokens.map(\.kind) == [.float])
        let read = try OrderedValue(parsing: document.bytes.span, format: .json)
        #expect(read.doubleValue?.bitPattern == pattern)
        for format in DocumentFormat.allCases {
            let bytes = try read.encoded(as: format)
            #expect(try OrderedValue(parsing: bytes.span, format: format) == .float(text))
        }
        #expect(try read.encoded(as: .json) == document.bytes)
    }

    @Test func `The table is whole`() { #expect(Self.python.count == 70) }

    @Test func `Every power of ten reads back`() throws {
        for exponent in -323...308 {
            guard let value = Double("1e\(exponent)"), let made = OrderedValue(value) else {
                Issue.record("1e\(exponent)")
                continue
            }
            let bytes = try made.encoded(as: .json)
            #expect(try OrderedValue(parsing: bytes.span, format: .json).doubleValue == value)
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity]) func `No float for it`(_ value: Double) {
        #expect(OrderedValue(value) == nil)
    }

    @Test(arguments: ["1", "1.00", "1e5", "nan", "inf", "-", "", "0x1p3", " 1.0", "1.0 ", "1e+400"])
    func `Float text that Python does not write is not encoded`(_ text: String) {
        for format in DocumentFormat.allCases {
            #expect(throws: DocumentEncodingError.malformedFloat) {
                try OrderedValue.float(text).encoded(as: format)
            }
        }
        #expect(throws: DocumentEncodingError.malformedFloat) { try CanonicalJSON.encode(.float(text)) }
    }

    static let python: [(UInt64, String)] = [
        (0x0000000000000000, "0.0"),
        (0x8000000000000000, "-0.0"),
        (0x3ff0000000000000, "1.0"),
        (0xbff0000000000000, "-1.0"),
        (0x3fb999999999999a, "0.1"),
        (0x3ff8000000000000, "1.5"),
        (0x4059000000000000, "100.0"),
        (0x430c6bf526340000, "1000000000000000.0"),
        (0x4341c37937e08000, "1e+16"),
        (0x4376345785d8a000, "1e+17"),
        (0x4341c37937e07fff, "9999999999999998.0"),
        (0x437b69b4ba630f35, "1.2345678901234568e+17"),
        (0x444b1ae4d6e2ef50, "1e+21"),
        (0x4480f0cf064dd592, "1e+22"),
        (0x44b52d02c7e14af6, "1e+23"),
        (0x4484542ba12a337c, "1.2e+22"),
        (0x3f1a36e2eb1c432d, "0.0001"),
        (0x3f1cd5f99c38b04b, "0.00011"),
        (0x3ee4f8b588e368f1, "1e-05"),
        (0x3eef75104d551d69, "1.5e-05"),
        (0x3e7ad7f29abcaf48, "1e-07"),
        (0x3ddb7cdfd9d7bdbb, "1e-10"),
        (0x0000000000000001, "5e-324"),
        (0x8000000000000001, "-5e-324"),
        (0x0010000000000000, "2.2250738585072014e-308"),
        (0x8010000000000000, "-2.2250738585072014e-308"),
        (0x000fffffffffffff, "2.225073858507201e-308"),
        (0x7fefffffffffffff, "1.7976931348623157e+308"),
        (0x4340000000000000, "9007199254740992.0"),
        (0x4340000000000001, "9007199254740994.0"),
        (0x4350000000000000, "1.8014398509481984e+16"),
        (0x4330000000000000, "4503599627370496.0"),
        (0x3fd5555555555555, "0.3333333333333333"),
        (0x41b3de4355555554, "333333333.33333325"),
        (0x54b249ad2594c37d, "1e+100"),
        (0x44b52d02c7e14af7, "1.0000000000000001e+23"),
        (0x44b52d02c7e14af5, "9.999999999999997e+22"),
        (0x43e0000000000000, "9.223372036854776e+18"),
        (0x43f0000000000000, "1.8446744073709552e+19"),
        (0x0010000000000000, "2.2250738585072014e-308"),
        (0x400921f9f01b866e, "3.14159"),
        (0x41cdcd6500000000, "1000000000.0"),
        (0x40c81cd6c8b43958, "12345.678"),
        (0xf2a74de452e6b438, "-1.989032661366619e+244"),
        (0x6513270e269e0d37, "7.761117632285041e+178"),
        (0x0c5c7fd0a6a3a450, "3.980498358697587e-249"),
        (0xd23f0824128b2f33, "-1.5432835417340557e+88"),
        (0x1818e811892f902b, "1.3647584518757569e-192"),
        (0x9531985d5d9dc9f8, "-1.3701135617873088e-206"),
        (0xe8e25d940ed90475, "-1.7160537630466207e+197"),
        (0x36f675cc81e74ef5, "6.294675241195386e-44"),
        (0x1600a35a099950d8, "1.0613447212142254e-202"),
        (0x6b0d549b6f03675a, "4.708325160387546e+207"),
        (0x3d9c172411e20b8f, "6.387016158513563e-12"),
        (0x8d116ece1738f7d9, "-9.973130378568733e-246"),
        (0x0f21ddb66cad4a26, "8.779753225680271e-236"),
        (0x90c192cfd3ac94af, "-5.795503248498993e-228"),
        (0xf28c105d1fb17c23, "-5.988180159386011e+243"),
        (0xa170b33839263059, "-1.306052388527796e-147"),
        (0x953f48f1a09f76b5, "-2.436117699484841e-206"),
        (0x0fd630f1f29d0da9, "2.233386999150174e-232"),
        (0x95e60af593bd04cf, "-3.51527970626667e-203"),
        (0x0cb1e29c658cda14, "1.5987381841032883e-247"),
        (0x3898d190f9ebdacc, "4.6678633181812096e-36"),
        (0x8e81973e0becd7b0, "-8.441872792105456e-239"),
        (0x2217beaddbc496cb, "1.9015657400796622e-144"),
        (0x6b4cb2424a23d596, "7.370437700706684e+208"),
        (0x8a6a63ec24ede6a4, "-1.7163996725272777e-258"),
        (0x922766581e27a1c0, "-3.2367190832119987e-221"),
        (0x8f6d05584ef8aa38, "-2.2818334634712625e-234"),
    ]
}
