// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import SPIFFE
import Testing

@testable import NodeAgent

struct UnixAttestorTests {
    let processes = FakeProcesses()
    let programs = TemporaryFolder()

    private struct Accounts: AccountNames {
        func user(_ uid: UInt32) -> String? { uid == 1000 ? "web" : nil }
        func group(_ gid: UInt32) -> String? { gid == 9999 ? nil : "g\(gid)" }
    }

    private func selectors(
        path: Bool = false, largest: Int64? = nil
    ) async throws -> Set<String> {
        let attestor = UnixAttestor(
            accounts: Accounts(), program: .init(findsPath: path, largestHashed: largest), threads: BlockingThreads())
        let process = try ProcessHandle(pid: 7, in: processes.table)
        return Set(try await attestor.selectors(of: process).map(\.description))
    }

    private func digest(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).map { String(format: "%02x", $0) }.joined()
    }

    @Test func `users and groups are the effective ones, with names where there are any`() async throws {
        processes.add(7, uid: 1000, gid: 50, groups: [60, 9999])
        #expect(
            try await selectors() == [
                "unix:uid:1000", "unix:user:web", "unix:gid:50", "unix:group:g50", "unix:supplementary_gid:60",
                "unix:supplementary_group:g60", "unix:supplementary_gid:9999",
            ])
    }

    @Test func `a process with more groups than anybody needs is not attested`() async throws {
        let most = UInt32(UnixAttestor.mostGroups)
        processes.add(7, groups: Array(1...most))
        #expect(try await selectors().contains("unix:supplementary_gid:\(most)"))
        processes.add(7, groups: Array(1...(most + 1)))
        await #expect(throws: AttestorError.self) { try await selectors() }
    }

    @Test func `a user without a name has a number`() async throws {
        processes.add(7, uid: 4242, gid: 50)
        #expect(try await selectors() == ["unix:uid:4242", "unix:gid:50", "unix:group:g50"])
    }

    @Test func `a program has the path of its file, links resolved, and the hash of its bytes`() async throws {
        processes.add(7)
        programs.write("web", "first")
        processes.folder.link("7/exe", to: "\(programs.path)/web")
        let found = try await selectors(path: true, largest: 100)
        #expect(found.contains("unix:path:\(programs.path)/web"))
        #expect(found.contains("unix:sha256:\(digest("first"))"))
        #expect(try await selectors(path: true).allSatisfy { !$0.hasPrefix("unix:sha256") })
        #expect(try await selectors().allSatisfy { !$0.hasPrefix("unix:path") })
    }

    @Test func `the path of a file that does not run is not given`() throws {
        processes.add(7)
        programs.write("web", "runs")
        programs.write("other", "is there")
        // As the kernel does it: opening the link gives what runs, its text is only a text.
        processes.folder.link("7/exe", to: "\(programs.path)/web")
        let process = try ProcessHandle(pid: 7, in: processes.table)
        let file = try process.openProgram()
        processes.folder.link("7/exe", to: "\(programs.path)/other")
        #expect(
            UnixAttestor.path(try process.programPath(), isOf: try file.status()) == false)
        #expect(try ProgramHashes().hash(of: file, largest: 100) == digest("runs"))
    }

    @Test func `a program that is too large fails the attestor`() async throws {
        processes.add(7)
        programs.write("web", "0123456789")
        processes.folder.link("7/exe", to: "\(programs.path)/web")
        await #expect(throws: AttestorError.self) { try await selectors(path: true, largest: 9) }
        #expect(try await selectors(path: true, largest: 10).contains("unix:sha256:\(digest("0123456789"))"))
    }

    @Test func `a program that is no file fails the attestor`() async throws {
        processes.add(7)
        processes.folder.link("7/exe", to: programs.path)
        await #expect(throws: (any Error).self) { try await selectors(path: true) }
        processes.folder.remove("7/exe")
        await #expect(throws: (any Error).self) { try await selectors(path: true) }
    }

    @Test func `a hash is kept as long as the file is the same`() throws {
        let hashes = ProgramHashes(most: 2)
        func open(_ name: String) throws -> OpenFile { try OpenFile.open("\(programs.path)/\(name)", .file) }
        programs.write("a", "one")
        #expect(try hashes.hash(of: try open("a"), largest: 100) == digest("one"))
        // Reading from its end would give the hash of nothing: the second answer is the kept one.
        let read = try open("a")
        _ = try read.read(limit: 100)
        #expect(try hashes.hash(of: read, largest: 100) == digest("one"))
        programs.write("a", "two, longer")
        #expect(try hashes.hash(of: try open("a"), largest: 100) == digest("two, longer"))
        for name in ["b", "c", "d"] {
            programs.write(name, name)
            _ = try hashes.hash(of: try open(name), largest: 100)
        }
        #expect(hashes.count == 2)
    }

    @Test func `the accounts of this machine have names`() {
        #expect(SystemAccountNames().user(0) == "root")
        #expect(SystemAccountNames().group(0) == "root")
        #expect(SystemAccountNames().user(4_000_000_000) == nil)
        #expect(SystemAccountNames().group(4_000_000_000) == nil)
    }

    @Test func `the agent's own program is not looked at, however large`() async throws {
        processes.add(7, uid: 1000, gid: 50)
        processes.add(8, uid: 1000, gid: 50)
        let attestor = UnixAttestor(
            accounts: Accounts(), program: .init(findsPath: true, largestHashed: 1), threads: BlockingThreads(),
            sparing: 7)
        let own = try ProcessHandle(pid: 7, in: processes.table)
        #expect(try await attestor.selectors(of: own).map(\.description).contains("unix:uid:1000"))
        let other = try ProcessHandle(pid: 8, in: processes.table)
        await #expect(throws: (any Error).self) { try await attestor.selectors(of: other) }
    }

    @Test func `this process is attested`() async throws {
        let attestor = UnixAttestor(
            program: .init(findsPath: true, largestHashed: 1 << 32), threads: BlockingThreads())
        let process = try ProcessHandle(pid: ProcessInfo.processInfo.processIdentifier)
        let found = try await attestor.selectors(of: process).map(\.description)
        #expect(found.contains("unix:uid:\(geteuid())"))
        #expect(found.contains { $0.hasPrefix("unix:path:/") })
        #expect(found.contains { $0.hasPrefix("unix:sha256:") })
    }
}
