// SPDX-License-Identifier: Apache-2.0

import ACDC
import KERI
import Testing

@Suite("Outcomes of credentials")
struct CredentialOutcomeTests {
    @Test("codes are told apart from those of key events")
    func codes() {
        let codes =
            CredentialRejection.allCases.map(\.rawValue) + CredentialEscrowReason.allCases.map(\.rawValue)
        #expect(Set(codes).count == codes.count)
        #expect(Set(codes).isDisjoint(with: Rejection.allCases.map(\.rawValue)))
        #expect(Set(codes).isDisjoint(with: EscrowReason.allCases.map(\.rawValue)))
    }
}
