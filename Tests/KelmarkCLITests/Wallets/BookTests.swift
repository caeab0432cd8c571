// SPDX-License-Identifier: Apache-2.0

import KERI
import KERINetwork
import KelmarkBytes
import KelmarkCrypto
import Testing

@Suite struct BookTests {
    private func sample() throws -> [OwnedIdentifier] {
        let aid = try #require(AID("EAWnmLi7pxQ_xbWL4UUYaDl-Af6WTeiPqyuzJijI-ORj"))
        return [
            OwnedIdentifier(name: "acme", aid: aid, createdAt: moment(), derivation: .random, algorithm: .ed25519),
            OwnedIdentifier(
                name: "issuer", aid: aid, createdAt: moment(1),
                derivation: .salty(
                    SaltyPosition(saltName: "salt issuer", stem: "x", tier: .low, rotation: 2, keyCount: 3)),
                algorithm: .secp256r1, waitingEvent: [1, 2, 255]),
        ]
    }

    @Test func recordsComeBack() throws {
        let records = try sample()
        let bytes = try WalletBookCoding.encode(records).encoded(as: .json)
        let map = try #require(try OrderedValue(parsing: bytes.span, format: .json).mapValue)
        #expect(try WalletBookCoding.decode(map) == records)
    }

    private func code(_ change: (inout OrderedMap) -> Void) throws -> ControllerError.Code? {
        var map = WalletBookCoding.encode(try sample())
        change(&map)
        do throws(ControllerError) {
            _ = try WalletBookCoding.decode(map)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func otherBooksAreRefused() throws {
        #expect(try code { $0["version"] = 2 } == .bookTooNew)
        #expect(try code { $0["version"] = nil } == .bookDamaged)
        #expect(try code { $0["identifiers"] = nil } == .bookDamaged)
        #expect(try code { $0["identifiers"] = ["x"] } == .bookDamaged)
        #expect(try code { $0["identifiers"] = [["name": "a"]] } == .bookDamaged)
        #expect(
            try code { map in
                let first = map["identifiers"]?[0] ?? .null
                map["identifiers"] = [first, first]
            } == .bookDamaged)
    }
}
