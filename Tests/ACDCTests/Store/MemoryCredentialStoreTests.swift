// SPDX-License-Identifier: Apache-2.0

import ACDC
import StoreConformance
import Testing

@Suite("Credentials in memory")
struct MemoryCredentialStoreTests {
    @Test(arguments: CredentialCheck.allCases) func conforms(_ check: CredentialCheck) throws {
        try CredentialConformance { MemoryCredentialStore() }.run(check)
    }
}
