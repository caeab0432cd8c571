// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import IdentityGRPC

struct HandedOverSocketTests {
    @Test func socketsAreNamedInOrder() throws {
        let found = try HandedOverSocket.all(
            in: ["LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "public::admin"], processID: 7)
        #expect(
            found == [
                HandedOverSocket(name: "public", descriptor: 3), HandedOverSocket(name: "unknown", descriptor: 4),
                HandedOverSocket(name: "admin", descriptor: 5),
            ])
    }

    @Test func namesMayBeMissing() throws {
        let found = try HandedOverSocket.all(in: ["LISTEN_PID": "7", "LISTEN_FDS": "1"], processID: 7)
        #expect(found == [HandedOverSocket(name: "unknown", descriptor: 3)])
    }

    @Test(arguments: [[:], ["LISTEN_PID": "8", "LISTEN_FDS": "1"], ["LISTEN_FDS": "1"], ["LISTEN_PID": "7"]])
    func socketsOfOthersAreNotTaken(environment: [String: String]) throws {
        #expect(try HandedOverSocket.all(in: environment, processID: 7).isEmpty)
    }

    @Test(arguments: ["0", "-1", "x", "65", "99999999999"]) func countsThatMakeNoSenseAreRefused(count: String) {
        #expect(throws: ListenerError.self) {
            try HandedOverSocket.all(in: ["LISTEN_PID": "7", "LISTEN_FDS": count], processID: 7)
        }
    }
}
