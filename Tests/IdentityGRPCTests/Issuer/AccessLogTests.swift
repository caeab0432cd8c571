// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import Glibc
import LogTestKit
import Logging
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Synchronization
import Testing
import Transparency

@testable import IdentityGRPC
@testable import Issuer

@Suite(.timeLimit(.minutes(2))) struct AccessLogTests {
    typealias Entries = Spire_Api_Server_Entry_V1_Entry

    @Test func aLocalCallerIsNamedByWhatTheKernelSays() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            _ = try await Entries.Client(wrapping: client).countEntries(.init())
        }
        let lines = issuer.log.accesses
        #expect(lines.count == 1)
        let line = try #require(lines.first)
        #expect(line["type"] == "audit")
        #expect(line["service"] == "entry.v1.Entry")
        #expect(line["method"] == "CountEntries")
        #expect(line["status"] == "success")
        #expect(line["caller_uid"] == "\(geteuid())")
        #expect(line["caller_gid"] == "\(getegid())")
        #expect(line["caller_path"]?.hasPrefix("/") == true)
        #expect(line["authorized_as"] == "local")
        #expect(line["authorized_via"] == "transport")
        #expect(line["request_id"]?.count == 36)
    }

    @Test func aRemoteCallerIsNamedByAddressAndID() async throws {
        let issuer = try await ServedIssuer()
        let agent = try await issuer.agent()
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                _ = try await Entries.Client(wrapping: client).getAuthorizedEntries(.init())
                _ = await failure { _ = try await Entries.Client(wrapping: client).listEntries(.init()) }
            }
        }
        let allowed = try #require(issuer.log.accesses(of: "GetAuthorizedEntries").first)
        #expect(allowed["caller_addr"] == "127.0.0.1")
        #expect(allowed["caller_id"] == agent.id.description)
        #expect(allowed["authorized_as"] == "agent")
        #expect(allowed["authorized_via"] == "datastore")
        let denied = try #require(issuer.log.accesses(of: "ListEntries").first)
        #expect(denied["status"] == "error")
        #expect(denied["status_code"] == "PermissionDenied")
        #expect(
            denied["status_message"]
                == "authorization denied for method /spire.api.server.entry.v1.Entry/ListEntries")
        #expect(denied["authorized_as"] == "nobody")
        #expect(denied["request_id"] != allowed["request_id"])
    }

    @Test func whatChangesIsRecordedInTheChain() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            let entries = Entries.Client(wrapping: client)
            _ = try await entries.countEntries(.init())
            let before = try await issuer.audit().count
            _ = try await entries.batchCreateEntry(
                .with { $0.entries = [.sample("/web", parent: "/node"), .init(), .sample("/db", parent: "/node")] })
            _ = try await entries.batchDeleteEntry(.with { $0.ids = ["nothing"] })
            _ = await failure { _ = try await entries.getEntry(.with { $0.id = "nothing" }) }
            let records = try await issuer.audit().dropFirst(before)
            #expect(records.count == 4)
            #expect(records.allSatisfy { $0.contains("\"actor\":\"uid \(geteuid())\"") })
            let made = try #require(records.first)
            #expect(made.contains("\"action\":\"entry.v1.Entry/BatchCreateEntry\""))
            #expect(made.contains("\"subject\":\"spiffe://example.org/web\""))
            #expect(made.contains("\"outcome\":\"done\""))
            #expect(records.dropFirst().first?.contains("\"outcome\":\"invalid-argument\"") == true)
            #expect(records.last?.contains("\"outcome\":\"not-found\"") == true)
            let chain = try await issuer.issuances.auditRecords(from: 0, limit: 1000)
            #expect(try AuditChain.follow(chain).count == UInt64(chain.count))
        }
    }

    /// Otherwise one rogue agent fills the store, and no limit of rate would see it.
    @Test func whatAnAgentIsRefusedIsNotRecorded() async throws {
        let issuer = try await ServedIssuer()
        let agent = try await issuer.agent()
        let before = try await issuer.audit().count
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                let agents = Spire_Api_Server_Agent_V1_Agent.Client(wrapping: client)
                for _ in 0..<3 {
                    #expect(await failure { _ = try await agents.renewAgent(.init()) }?.code == .invalidArgument)
                }
            }
        }
        #expect(try await issuer.audit().count == before)
        #expect(issuer.log.accesses(of: "RenewAgent").count == 3)
    }

    @Test func whatCanNotBeRecordedIsNotHandedOut() async throws {
        let store = StubbornIssuanceStore()
        let issuer = try await ServedIssuer(issuances: store)
        try await issuer.serveLocally { client in
            store.refuses(true)
            let agents = Spire_Api_Server_Agent_V1_Agent.Client(wrapping: client)
            let error = await failure { _ = try await agents.createJoinToken(.with { $0.ttl = 60 }) }
            #expect(error?.code == .unavailable)
            #expect(error?.message == "the call can't be recorded")
            store.refuses(false)
        }
        // Why stands in the log, under the same name as the call.
        let call = try #require(issuer.log.accesses(of: "CreateJoinToken").first)
        let why = try #require(issuer.log.lines.first { $0.message == "call refused" })
        #expect(why.level == .error)
        #expect(why.fields["request_id"] == call["request_id"])
        #expect(why.fields["error"]?.contains("disk of the test") == true)
    }

    @Test func innerWordsStayInTheLog() async throws {
        let issuer = try await ServedIssuer()
        let agent = try await issuer.agent()
        try await issuer.serve { port in
            try await issuer.remote(port, as: agent) { client in
                let error = await failure {
                    try await client.ask("/spire.api.server.entry.v1.Entry/GetAuthorizedEntries", [0xff])
                }
                #expect(error?.code == .invalidArgument)
                #expect(error?.message == "malformed request")
            }
        }
        let why = try #require(issuer.log.lines.first { $0.message == "call refused" })
        #expect(why.level == .debug)
        #expect(why.fields["error"]?.isEmpty == false)
    }

    @Test func reflectionIsToldNoInnerWordsEither() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            for version in ["v1", "v1alpha"] {
                let error = await failure {
                    try await client.ask("/grpc.reflection.\(version).ServerReflection/ServerReflectionInfo", [0xff])
                }
                #expect(error?.code == .invalidArgument)
                #expect(error?.message == "malformed request")
            }
        }
        let why = try #require(issuer.log.lines.first { $0.message == "call refused" })
        #expect(why.fields["error"]?.contains("deserialize") == true)
        #expect(why.fields["caller_uid"] == "\(geteuid())")
        #expect(why.fields["request_id"]?.count == 36)
    }

    @Test func longTextsAreCut() async throws {
        let issuer = try await ServedIssuer()
        try await issuer.serveLocally { client in
            _ = await failure {
                _ = try await Entries.Client(wrapping: client).getEntry(
                    .with { $0.id = String(repeating: "x", count: 100_000) })
            }
        }
        let line = try #require(issuer.log.accesses(of: "GetEntry").first)
        #expect(line.values.allSatisfy { $0.utf8.count <= String.longestLogged })
    }

    @Test func messagesAboveTheLimitAreRefused() async throws {
        let issuer = try await ServedIssuer(listeners: { $0.messageBytes = 1000 })
        try await issuer.serveLocally { client in
            let entries = Entries.Client(wrapping: client)
            let error = await failure {
                _ = try await entries.getEntry(.with { $0.id = String(repeating: "x", count: 2000) })
            }
            // The transport ends such a call before any service sees it; the connection goes on.
            #expect(error?.code == .resourceExhausted)
            #expect(error?.message == "request is too large")
            _ = try await entries.countEntries(.init())
        }
    }
}

/// A store that fails when a test says so.
final class StubbornIssuanceStore: IssuanceStore {
    private let inner = MemoryIssuanceStore()
    private let isRefusing = Mutex(false)

    func refuses(_ refuses: Bool) { isRefusing.withLock { $0 = refuses } }

    func commit(_ batch: IssuanceBatch) async throws -> [UInt64] {
        if isRefusing.withLock({ $0 }) { throw IssuerStoreError(.full, "disk of the test") }
        return try inner.commit(batch)
    }
    func leafCount() async throws -> UInt64 { inner.leafCount() }
    func root() async throws -> TreeRoot { inner.root() }
    func inclusionProof(of index: UInt64) async throws -> ProvenIssuance? { try inner.inclusionProof(of: index) }
    func consistencyProof(from size: UInt64) async throws -> ProvenGrowth? { try inner.consistencyProof(from: size) }
    func leaves(named serial: String) async throws -> [UInt64] { inner.leaves(named: serial) }
    func issuances(from index: UInt64, limit: Int) async throws -> [StoredIssuance] {
        inner.issuances(from: index, limit: limit)
    }
    func auditRecords(from index: UInt64, limit: Int) async throws -> [AuditRecord] {
        inner.auditRecords(from: index, limit: limit)
    }
    func auditHead() async throws -> AuditChain.Position { inner.auditHead() }
}
