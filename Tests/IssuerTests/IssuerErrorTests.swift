// SPDX-License-Identifier: Apache-2.0

import Issuer
import Testing

@Suite struct IssuerErrorTests {
    @Test func detailIsForTheLogOnly() {
        let error = IssuerError(.internal, "failed to sign", detail: "slot x509-CA-A")
        #expect(error == IssuerError(.internal, "failed to sign"))
        #expect(error.hashValue == IssuerError(.internal, "failed to sign").hashValue)
        #expect(!error.message.contains("slot"))
        #expect(error.description == "internal: failed to sign: slot x509-CA-A")
    }

    @Test func reasonsAreTold() {
        let banned = IssuerError(.permissionDenied, "agent is banned", reason: .agentBanned)
        #expect(banned != IssuerError(.permissionDenied, "agent is banned"))
        #expect(banned.description == "permission-denied: agent is banned")
    }
}
