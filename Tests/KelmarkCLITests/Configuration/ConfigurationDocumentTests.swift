// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KelmarkCLI

struct ConfigurationDocumentTests {
    private func items(_ yaml: String) throws -> [ConfigurationDocument.Item] {
        try ConfigurationDocument(yaml: yaml, path: "f").items
    }

    @Test func keysAreFlattenedAndKeepTheirLines() throws {
        let yaml = "# a comment\nhome: /h\nissuer:\n  listen: 0.0.0.0:8081\n  claimed: true\n  admin-id: [a, 'b']\n"
        let found = try items(yaml)
        #expect(
            found == [
                .init(key: "home", values: ["/h"], isList: false, line: 2),
                .init(key: "issuer.listen", values: ["0.0.0.0:8081"], isList: false, line: 4),
                .init(key: "issuer.claimed", values: ["true"], isList: false, line: 5),
                .init(key: "issuer.admin-id", values: ["a", "b"], isList: true, line: 6),
            ])
        #expect(found[0].text == "/h")
        #expect(found[3].text == nil)
    }

    /// Values are as they are written: no number loses its zeros, no time becomes seconds.
    @Test(arguments: ["007", "1e3", "24h", "yes", "0x10", "2026-11-21", "12:30"])
    func valuesStayAsTheyAreWritten(value: String) throws {
        #expect(try items("home: \(value)\n").first?.values == [value])
    }

    @Test(arguments: [
        ("", "f is no map"), ("- a\n", "f is no map"), ("home\n", "f is no map"), ("home: /a\nhome: /b\n", "f:"),
        ("verify.root: a\nverify:\n  root: b\n", "f:3: has verify.root twice"), ("{", "f:"),
        ("a: 1\n[b]: 2\n", "f:2: a key is one word"), ("home:\n", "f:1: home has no value"),
        ("home: ~\n", "f:1: home has no value"), ("home: [a, [b]]\n", "f:1: home holds more than values"),
        ("home: [a, {b: c}]\n", "f:1: home holds more than values"),
        ("a: {b: {c: {d: {e: 1}}}}\n", "f:1: a.b.c.d is nested too deeply"), ("a: 1\n---\nb: 2\n", "f:"),
        ("a: 1\n  b: 2\n", "f:2"),
    ])
    func whatIsNoMapOfKeysToValuesIsRefused(yaml: String, cause: String) {
        let refusal = failure { _ = try items(yaml) }
        #expect(refusal?.code == "KM-CONFIG-MALFORMED")
        #expect(refusal?.cause.hasPrefix(cause) == true, "\(refusal?.cause ?? "accepted")")
    }

    /// `""` and `'~'` are values that somebody wrote on purpose.
    @Test func quotedTextIsAValue() throws {
        #expect(try items("a: ''\nb: \"~\"\n").map(\.values) == [[""], ["~"]])
    }

    @Test func filesAreBounded() throws {
        let folder = try ConfigurationFolder()
        let long = try folder.write("home: " + String(repeating: "a", count: ConfigurationDocument.longest))
        #expect(failure { _ = try ConfigurationDocument(path: long) }?.code == "KM-CONFIG-MALFORMED")
        #expect(failure { _ = try ConfigurationDocument(path: folder.path + "/none") }?.code == "KM-CONFIG-MISSING")
    }
}
