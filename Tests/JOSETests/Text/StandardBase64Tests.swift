// SPDX-License-Identifier: Apache-2.0

import JOSE
import Testing

struct StandardBase64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func theTextsOfRFC4648(_ plain: String, _ text: String) {
        #expect(StandardBase64.encodedString(Array(plain.utf8)) == text)
        #expect(StandardBase64.decode(text) == Array(plain.utf8))
    }

    @Test func bothSpecialCharactersAreThoseOfTheStandardAlphabet() {
        #expect(StandardBase64.encodedString([0xfb, 0xff, 0xbf]) == "+/+/")
        #expect(StandardBase64.decode("+/+/") == [0xfb, 0xff, 0xbf])
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "Zh==", "Zm9v\n", " Zm9v", "-_-_", "----", "____", "Z===", "====", "Zm=v", "Zm9v====",
    ])
    func everyOtherSpellingIsRefused(_ text: String) {
        #expect(StandardBase64.decode(text) == nil)
    }
}
