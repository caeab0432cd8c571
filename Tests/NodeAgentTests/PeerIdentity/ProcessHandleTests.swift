// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import NodeAgent

struct ProcessHandleTests {
    let processes = FakeProcesses()

    private func peer(uid: UInt32 = 1000, gid: UInt32 = 1000) throws(PeerFault) -> WorkloadPeer {
        try WorkloadPeer(pid: 7, uid: uid, gid: gid, in: processes.table)
    }

    @Test func `the same process stays itself`() throws {
        processes.add(7, uid: 1000, gid: 1001)
        let caller = try peer(gid: 1001)
        #expect(caller.pid == 7)
        #expect(caller.process.credentials.uid == 1000)
        try caller.process.check()
    }

    @Test(arguments: [0, -1] as [Int32])
    func `a caller without a process of ours is refused`(pid: Int32) {
        #expect(throws: PeerFault.noProcess) { try ProcessHandle(pid: pid, in: processes.table) }
    }

    @Test func `a process that is gone is refused`() throws {
        #expect(throws: PeerFault.gone) { try peer() }
        processes.add(7)
        let caller = try peer()
        processes.remove(7)
        #expect(throws: PeerFault.gone) { try caller.process.check() }
    }

    @Test func `a number that went to another process is noticed`() throws {
        processes.add(7, startTime: 100)
        let caller = try peer()
        processes.remove(7)
        processes.add(7, startTime: 200)
        #expect(throws: (any Error).self) { try caller.process.check() }
    }

    @Test func `another start time in the same place is noticed`() throws {
        processes.add(7, startTime: 100)
        let caller = try peer()
        processes.add(7, startTime: 200)
        #expect(throws: PeerFault.replaced) { try caller.process.check() }
    }

    @Test func `a directory that was moved away and replaced is noticed`() throws {
        processes.add(7, startTime: 100)
        let caller = try peer()
        try FileManager.default.moveItem(
            at: processes.folder.url.appending(path: "7"), to: processes.folder.url.appending(path: "old"))
        processes.add(7, startTime: 200)
        #expect(throws: PeerFault.replaced) { try caller.process.check() }
    }

    @Test(arguments: [(1001, 1000), (1000, 1001)] as [(UInt32, UInt32)])
    func `a process of another user or group than the kernel named is refused`(uid: UInt32, gid: UInt32) {
        processes.add(7)
        #expect(throws: PeerFault.credentialsChanged) { try peer(uid: uid, gid: gid) }
    }

    @Test(arguments: [(1001, 1000), (1000, 1001)] as [(UInt32, UInt32)])
    func `a process that changes user or group is noticed`(uid: UInt32, gid: UInt32) throws {
        processes.add(7)
        let caller = try peer()
        processes.add(7, uid: uid, gid: gid)
        #expect(throws: PeerFault.credentialsChanged) { try caller.process.check() }
    }

    @Test func `files of another form are refused`() {
        processes.add(7)
        processes.folder.write("7/stat", "7 web")
        #expect(throws: PeerFault.malformed("stat")) { try peer() }
        processes.add(7)
        processes.folder.write("7/status", "Uid:\t1\n")
        #expect(throws: PeerFault.malformed("status")) { try peer() }
        processes.add(7)
        processes.folder.write("7/stat", String(repeating: "x", count: 5000))
        #expect(throws: PeerFault.tooLarge("stat")) { try peer() }
    }

    @Test func `this process is itself`() throws {
        let handle = try ProcessHandle(pid: ProcessInfo.processInfo.processIdentifier)
        try handle.check()
    }

    @Test func `a process that has ended is noticed`() throws {
        let child = Process()
        child.executableURL = URL(filePath: "/bin/cat")
        let input = Pipe()
        child.standardInput = input
        child.standardOutput = FileHandle.nullDevice
        try child.run()
        let handle = try ProcessHandle(pid: child.processIdentifier)
        try handle.check()
        try input.fileHandleForWriting.close()
        child.waitUntilExit()
        #expect(throws: PeerFault.gone) { try handle.check() }
        #expect(throws: PeerFault.gone) { try ProcessHandle(pid: child.processIdentifier) }
    }

    @Test func `the kernel's handle of an ended process refuses whoever has its number now`() throws {
        let child = Process()
        child.executableURL = URL(filePath: "/bin/cat")
        let input = Pipe()
        child.standardInput = input
        child.standardOutput = FileHandle.nullDevice
        try child.run()
        let kernelHandle = try #require(ProcessDescriptor(of: child.processIdentifier))
        #expect(!kernelHandle.hasEnded)
        let copy = kernelHandle.duplicate()
        try input.fileHandleForWriting.close()
        child.waitUntilExit()
        #expect(kernelHandle.hasEnded)
        processes.add(7)
        #expect(throws: PeerFault.gone) {
            try WorkloadPeer(pid: 7, uid: 1000, gid: 1000, peerDescriptor: copy, in: processes.table)
        }
    }
}

extension ProcessDescriptor {
    func duplicate() -> Int32 { dup(descriptor) }
}
