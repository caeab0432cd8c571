// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NodeAgent

struct ProcessFilesTests {
    @Test(arguments: ["web", "a) S 1 1 1 (b", ") 1 2 3", "two words"])
    func `reads the start time behind the last parenthesis`(name: String) {
        let text = "7 (\(name)) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 4242 23 24"
        #expect(ProcessFiles.startTime(inStat: Array(text.utf8)) == 4242)
    }

    @Test(arguments: [
        "", "7 web S 1 2", "7 (web) S 3 4 5", "7 (web) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 -1",
    ])
    func `takes nothing else for a start time`(text: String) {
        #expect(ProcessFiles.startTime(inStat: Array(text.utf8)) == nil)
    }

    @Test func `takes the effective ids`() {
        let status = "Name:\tUid: 1\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n"
        #expect(
            ProcessCredentials(status: Array(status.utf8)) == ProcessCredentials(uid: 2, gid: 6, groups: [9, 10]))
    }

    @Test(arguments: [
        "Gid:\t5\t6\t7\t8\nGroups:\n", "Uid:\t1\t2\t3\t4\nGroups:\n", "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n",
        "Uid:\t1\nGid:\t5\t6\t7\t8\nGroups:\n", "Uid:\t1\t+2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\n",
        "Uid:\t1\tx\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\n",
        "Uid:\t1\t4294967296\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\n", "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t-1\n",
        "Uid:\t0\t0\t0\t0\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\n",
    ])
    func `refuses a status with a line missing, twice, or of another form`(text: String) {
        #expect(ProcessCredentials(status: Array(text.utf8)) == nil)
    }
}
