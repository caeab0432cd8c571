// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

@testable import KelmarkCLI

@Suite struct EnvelopeTests {
    @Test func successHasDataAndNoError() throws {
        let bytes = Envelope.encode(command: "id list", data: ["identifiers": []], failure: nil)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"ok":true,"command":"id list","data":{"identifiers":[]},"error":null}"#)
    }

    @Test func failureHasCodeCauseAndNext() throws {
        let failure = CommandFailure("KM-HOME-MISSING", "there is none", next: "kelmark init")
        let bytes = Envelope.encode(command: "id list", data: [:], failure: failure)
        let expected =
            #"{"ok":false,"command":"id list","data":{},"error":{"code":"KM-HOME-MISSING","#
            + #""cause":"there is none","next":"kelmark init"}}"#
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test func failureWithoutAdviceTakesThatOfTheCatalogue() {
        #expect(CommandFailure("KM-HOME-MISSING", "x").next == "kelmark init")
        #expect(CommandFailure("KM-HOME-MISSING", "x").status == .notFound)
    }

    @Test func textFromOutsideCanNotControlTheTerminal() {
        #expect(printable("a\u{1B}[31mb\nc\u{202E}d") == "a\\u{1b}[31mb\\u{a}c\\u{202e}d")
        #expect(printable("Zürich") == "Zürich")
        #expect(!CommandFailure("KM-USAGE", "x\u{1B}]0;y").cause.contains("\u{1B}"))
    }

    @Test(arguments: [
        (Duration.milliseconds(0), "  0.0 s"), (.milliseconds(1290), "  1.2 s"), (.seconds(100), "100.0 s"),
    ])
    func durationsHaveOneDigit(duration: Duration, text: String) {
        #expect(Console.seconds(duration) == text)
    }

    @Test func exitCodesAreThoseOfTheInterface() {
        #expect(ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 6, 70])
    }
}
