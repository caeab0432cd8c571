// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KelmarkCLI

@Suite struct ConfirmationTests {
    private func next(_ typed: [String], next: String = "kelmark id abandon acme --yes") -> String {
        CommandFailure("KM-NEEDS-YES", "it would end", next: next).confirming(typed).next
    }

    @Test func whatWasTypedIsToBeRepeated() {
        #expect(
            next(["localauthority", "x509", "taint", "-authorityID=4a", "-socketPath", "/s"])
                == "kelmark localauthority x509 taint -authorityID=4a -socketPath /s --yes")
        #expect(
            next(["bundle", "delete", "-id", "spiffe://b.test", "-mode", "delete"])
                == "kelmark bundle delete -id spiffe://b.test -mode delete --yes")
        #expect(next(["a", "--yes=false", "--", "-b"]) == "kelmark a --yes -- -b")
    }

    @Test func wordsAreSafeInAShell() {
        #expect(next(["a", "it's $HOME", ""]) == #"kelmark a 'it'\''s $HOME' '' --yes"#)
    }

    @Test func otherAdviceStays() {
        #expect(next([]) == "kelmark id abandon acme --yes")
        #expect(next(["a", "\u{1b}"]) == "kelmark id abandon acme --yes")
        #expect(next(["a"], next: "read this first") == "read this first")
        #expect(CommandFailure("KM-USAGE", "x", next: "y --yes").confirming(["a"]).next == "y --yes")
    }
}
