// SPDX-License-Identifier: Apache-2.0

import Foundation
import SPIFFE
import Testing

@testable import NodeAgent

struct FileAgentStoreTests {
    let folder = TemporaryFolder()
    let authority = TestAuthority()

    private func store(_ domain: TrustDomain = Sample.domain) throws -> FileAgentStore {
        try FileAgentStore(folder: folder.path, trustDomain: domain, threads: BlockingThreads())
    }

    private func record() throws -> AgentRecord {
        let key = try SVIDKey.random(.p256)
        let chain = authority.chain(Sample.agentID, request: try key.certificateRequest(), notBefore: Sample.now)
        return AgentRecord(
            bundle: authority.bundle(sequence: 7),
            identity: AgentRecord.StoredIdentity(chain: chain, key: key, isReattestable: true))
    }

    private var file: URL { folder.url.appending(path: "agent.json") }

    private func permissions() throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: file.path())[.posixPermissions] as? Int
    }

    @Test func `a record outlives a restart, in a file for its owner alone`() async throws {
        let record = try record()
        do {
            let store = try store()
            #expect(try await store.load() == nil)
            try await store.save(try self.record())
            try await store.save(record)
            #expect(try await store.load() == record)
        }
        #expect(try permissions() == 0o600)
        #expect(try await store().load() == record)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["agent.json", "agent.lock"])
    }

    @Test func `a record without an SVID keeps the bundle`() async throws {
        let store = try store()
        try await store.save(AgentRecord(bundle: authority.bundle()))
        let read = try await store.load()
        #expect(read?.identity == nil)
        #expect(read?.bundle == authority.bundle())
    }

    @Test func `what left the bundle is remembered, the latest most of all`() async throws {
        let store = try store()
        let other = TestAuthority()
        var record = AgentRecord(bundle: authority.bundle())
        record.follow(other.bundle())
        #expect(record.revoked == [AgentRecord.digest(authority.certificate)])
        try await store.save(record)
        #expect(try await store.load() == record)
        record.follow(authority.bundle())
        #expect(record.revoked == [AgentRecord.digest(other.certificate)])
        do {
            record.revoked = (0..<AgentRecord.mostRevoked).map { [UInt8](repeating: UInt8(clamping: $0), count: 32) }
            record.follow(other.bundle())
            #expect(record.revoked.count == AgentRecord.mostRevoked)
            #expect(record.revoked.last == AgentRecord.digest(authority.certificate))
        }
    }

    @Test func `a folder is for one agent`() throws {
        let first = try store()
        #expect(throws: AgentRecordError.inUse) { try store() }
        withExtendedLifetime(first) {}
    }

    @Test func `a file that others may open is refused`() async throws {
        let store = try store()
        try await store.save(try record())
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path())
        await #expect(throws: AgentRecordError.permissionsTooOpen) { try await store.load() }
    }

    @Test(.enabled(if: geteuid() == 0)) func `a file of another user is refused`() async throws {
        let store = try store()
        try await store.save(try record())
        try #require(chown(file.path(), 65_534, 65_534) == 0)
        await #expect(throws: AgentRecordError.foreignOwner) { try await store.load() }
    }

    @Test func `a link or a folder in the place of the file is refused`() async throws {
        let store = try store()
        folder.write("elsewhere", "{}")
        folder.link("agent.json", to: "\(folder.path)/elsewhere")
        await #expect(throws: (any Error).self) { try await store.load() }
        folder.remove("agent.json")
        try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
        await #expect(throws: AgentRecordError.notAFile) { try await store.load() }
    }

    @Test func `another trust domain's record, a later version's and damaged ones are refused`() async throws {
        let record = try record()
        let good = try record.encoded(for: Sample.domain)
        #expect(throws: AgentRecordError.otherTrustDomain) {
            try AgentRecord(parsing: good, trustDomain: Sample.partner)
        }
        let text = String(decoding: good, as: UTF8.self)
        for (part, other, error) in [
            ("\"version\":1", "\"version\":2", AgentRecordError.version),
            ("\"chain\":[\"", "\"chain\":[\"!", .malformed),
            ("\"key\":\"", "\"key\":\"AAAA", .malformed), ("\"reattestable\":true", "\"reattestable\":1", .malformed),
            ("\"chain\"", "\"other\"", .malformed), ("\"bundle\":\"{", "\"bundle\":\"", .malformed),
            ("{\"version\"", "[\"version\"", .malformed),
        ] {
            let damaged = text.replacingOccurrences(of: part, with: other)
            #expect(damaged != text)
            #expect(throws: error) { try AgentRecord(parsing: Array(damaged.utf8), trustDomain: Sample.domain) }
        }
        let none = text.replacingOccurrences(
            of: #""chain":\[[^\]]*\]"#, with: #""chain":[]"#, options: .regularExpression)
        #expect(throws: AgentRecordError.malformed) {
            try AgentRecord(parsing: Array(none.utf8), trustDomain: Sample.domain)
        }
    }

    @Test func `a file that is too large is refused`() async throws {
        let store = try store()
        try Data(repeating: 0x20, count: AgentRecord.largest + 1).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path())
        await #expect(throws: AgentRecordError.tooLarge) { try await store.load() }
    }
}
