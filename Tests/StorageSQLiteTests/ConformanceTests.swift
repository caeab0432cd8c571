// SPDX-License-Identifier: Apache-2.0

import Foundation
import KERI
import StorageSQLite
import StoreConformance
import Testing

@Suite struct ConformanceTests {
    @Test(arguments: StoreCheck.allCases) func sqlite(_ check: StoreCheck) throws {
        let folder = try TemporaryFolder()
        try StoreConformance { try SQLiteKeyEventStore(path: folder.path("\(UUID()).db")) }.run(check)
    }

    @Test(arguments: StoreCheck.allCases) func memory(_ check: StoreCheck) throws {
        try StoreConformance { MemoryKeyEventStore() }.run(check)
    }
}
