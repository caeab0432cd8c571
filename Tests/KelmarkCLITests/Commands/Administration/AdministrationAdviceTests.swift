// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import KelmarkCLI

@Suite struct AdministrationAdviceTests {
    @Test(arguments: [
        ("node show", "node list"), ("entry update", "entry list"), ("bundle delete", "bundle list"),
        ("federation refresh", "federation list"), ("localauthority x509 taint", "localauthority x509 show"),
        ("localauthority jwt revoke", "localauthority jwt show"),
        ("upstreamauthority taint", "localauthority x509 show"),
    ])
    func whatThereIsTheListOfTheGroupTells(path: String, list: String) {
        for name in ["not-found", "exists"] {
            let failure = CommandFailure(ErrorArea.administration.code(name), "no such thing")
            #expect(failure.advised(for: path).next == "kelmark \(list)")
            #expect(failure.advised(for: path).cause == failure.cause)
        }
    }

    @Test func whoKnowsBetterIsLeftAlone() {
        let own = CommandFailure("KM-ADMIN-NOT-FOUND", "no such thing", next: "ask")
        #expect(own.advised(for: "node show") == own)
        let other = CommandFailure("KM-ADMIN-CONFLICT", "not now")
        #expect(other.advised(for: "node show") == other)
    }

    @Test func everyListIsACommand() throws {
        for path in ["entry", "node", "bundle", "federation", "localauthority x509", "localauthority jwt"] {
            let failure = CommandFailure("KM-ADMIN-NOT-FOUND", "").advised(for: path + " show")
            let words = failure.next.split(separator: " ").dropFirst().map(String.init)
            #expect(try RootCommand.parseAsRoot(words) is any KelmarkCommand)
        }
    }
}
