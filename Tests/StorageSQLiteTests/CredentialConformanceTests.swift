// SPDX-License-Identifier: Apache-2.0

import Foundation
import StorageSQLite
import StoreConformance
import Testing

@Suite struct CredentialConformanceTests {
    @Test(arguments: CredentialCheck.allCases) func sqlite(_ check: CredentialCheck) throws {
        let folder = try TemporaryFolder()
        try CredentialConformance {
            SQLiteCredentialStore(try SQLiteKeyEventStore(path: folder.path("\(UUID()).db")))
        }.run(check)
    }
}
