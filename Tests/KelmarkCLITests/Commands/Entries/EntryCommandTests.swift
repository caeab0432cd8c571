// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import IdentityGRPC
import IssuerTestKit
import KelmarkBytes
import SPIREAPI
import SwiftProtobuf
import Synchronization
import Testing

@testable import KelmarkCLI

private typealias API = Spire_Api_Server_Entry_V1_Entry.Method

@Suite struct EntryCommandTests {
    private static let create = [
        "entry", "create", "--parent-id", "spiffe://a.test/node", "--spiffe-id", "spiffe://a.test/web", "--selector",
        "unix:uid:1",
    ]

    private static func entry(_ id: String, _ path: String) -> Spire_Api_Types_Entry {
        .with {
            $0.id = id
            $0.spiffeID = .with {
                $0.trustDomain = "a.test"
                $0.path = path
            }
            $0.parentID = .with {
                $0.trustDomain = "a.test"
                $0.path = "/node"
            }
            $0.selectors = [
                .with {
                    $0.type = "unix"
                    $0.value = "uid:1"
                }
            ]
        }
    }

    private static func run(_ words: [String], against methods: [any ScriptedMethod]) async throws -> CommandResult {
        let folder = try CommandFolder()
        return try await ScriptedServer.serving(methods, at: folder.socket) {
            try await CommandDrive.run(words + ["--socket-path", folder.socket, "--quiet"])
        }
    }

    @Test func createSendsWhatWasSaid() async throws {
        let result = try await Self.run(
            Self.create + ["--x509-ttl", "600", "--dns", "d", "--hint", "h"],
            against: [
                ScriptedCall(API.BatchCreateEntry.descriptor) {
                    (request: API.BatchCreateEntry.Input) -> API.BatchCreateEntry.Output in
                    .with {
                        $0.results = request.entries.map { sent in
                            .with {
                                $0.entry = sent
                                $0.entry.id = "made"
                            }
                        }
                    }
                }
            ])
        #expect(result.concern == nil)
        #expect(
            result.text == [
                "Entry ID                : made", "SPIFFE ID               : spiffe://a.test/web",
                "Parent ID               : spiffe://a.test/node", "Revision                : 0",
                "X509-SVID TTL           : 600", "JWT-SVID TTL            : default",
                "Selector                : unix:uid:1", "DNS name                : d", "Hint                    : h",
                "",
            ])
        #expect(result.data["results"]?[0]?.value(at: "entry", "id")?.textValue == "made")
    }

    /// No agent of ours does what the entry asks for: whoever makes it must hear of that.
    @Test(arguments: [(["-storeSVID"], true), (["-storeSVID=true"], true), (["-storeSVID=false"], false), ([], false)])
    func storingIsWarnedOf(words: [String], isWarned: Bool) async throws {
        let methods: [any ScriptedMethod] = [
            ScriptedCall(API.BatchCreateEntry.descriptor) {
                (request: API.BatchCreateEntry.Input) -> API.BatchCreateEntry.Output in
                .with { $0.results = request.entries.map { sent in .with { $0.entry = sent } } }
            }
        ]
        let result = try await Self.run(Self.create + words, against: methods)
        let warnings = result.data["warnings"]?.listValue?.compactMap(\.textValue) ?? []
        #expect(warnings.count == (isWarned ? 1 : 0))
        #expect(warnings.allSatisfy { $0.hasPrefix("spiffe://a.test/web is to be stored, but no agent") })
        // The API's own answer has no such member.
        let bare = try await Self.run(Self.create + words + ["-output", "json"], against: methods)
        #expect(bare.text.count == 1 && bare.text[0].hasPrefix(#"{"results":["#) && !bare.text[0].contains("warnings"))
    }

    @Test func aRefusedItemIsAFailureAlthoughTheCallWentWell() async throws {
        let result = try await Self.run(
            Self.create,
            against: [
                ScriptedCall(API.BatchCreateEntry.descriptor) {
                    (_: API.BatchCreateEntry.Input) -> API.BatchCreateEntry.Output in
                    .with {
                        $0.results = [
                            .with {
                                $0.status = .with {
                                    $0.code = 6
                                    $0.message = "similar entry already exists"
                                }
                                $0.entry = Self.entry("there", "/web")
                            }
                        ]
                    }
                }
            ])
        #expect(result.concern?.code == "KM-ADMIN-EXISTS")
        #expect(result.concern?.cause == "failed to create one or more entries: similar entry already exists")
        #expect(result.text.isEmpty)
    }

    @Test func aBatchThatDoesNotSayWhatBecameOfAllIsRefused() async throws {
        let error = await #expect(throws: AdministrationError.self) {
            try await Self.run(
                Self.create,
                against: [
                    ScriptedCall(API.BatchCreateEntry.descriptor) {
                        (_: API.BatchCreateEntry.Input) -> API.BatchCreateEntry.Output in .init()
                    }
                ])
        }
        #expect(error?.code == .internalError)
    }

    @Test func allPagesAreShown() async throws {
        let result = try await Self.run(
            ["entry", "show", "-output", "json", "-selector", "unix:uid:1", "-hint", "h"],
            against: [
                ScriptedCall(API.ListEntries.descriptor) { (request: API.ListEntries.Input) -> API.ListEntries.Output in
                    #expect(request.filter.bySelectors.match == .matchSuperset)
                    #expect(request.filter.byHint.value == "h")
                    #expect(!request.filter.hasByDownstream)
                    return .with {
                        $0.entries = [Self.entry(request.pageToken.isEmpty ? "1" : "2", "/web")]
                        $0.nextPageToken = request.pageToken.isEmpty ? "next" : ""
                    }
                }
            ])
        #expect(result.text.count == 1)
        #expect(result.text[0].hasPrefix(#"{"entries":[{"admin":false,"#))
        #expect(result.text[0].hasSuffix(#""next_page_token":""}"#))
        #expect(result.data["entries"]?.listValue?.map { $0["id"]?.textValue } == ["1", "2"])
    }

    @Test func aServerThatRepeatsItsTokenIsNotAskedForever() async throws {
        let asked = Mutex(0)
        _ = try await Self.run(
            ["entry", "list"],
            against: [
                ScriptedCall(API.ListEntries.descriptor) { (_: API.ListEntries.Input) -> API.ListEntries.Output in
                    asked.withLock { $0 += 1 }
                    return .with { $0.nextPageToken = "same" }
                }
            ])
        #expect(asked.withLock { $0 } == 2)
    }

    @Test func keepRestSendsAMaskOfWhatWasSaid() async throws {
        let result = try await Self.run(
            ["entry", "update", "1", "--keep-rest", "--x509-ttl", "60", "--no-admin"],
            against: [
                ScriptedCall(API.BatchUpdateEntry.descriptor) {
                    (request: API.BatchUpdateEntry.Input) -> API.BatchUpdateEntry.Output in
                    #expect(
                        request.inputMask
                            == .with {
                                $0.x509SvidTtl = true
                                $0.admin = true
                            })
                    #expect(request.entries.map(\.id) == ["1"])
                    return .with { $0.results = [.with { $0.entry = Self.entry("1", "/web") }] }
                }
            ])
        #expect(result.concern == nil)
    }

    @Test func withoutKeepRestTheEntryIsReplacedWhole() async throws {
        _ = try await Self.run(
            ["entry", "update", "1"] + Self.create.dropFirst(2),
            against: [
                ScriptedCall(API.GetEntry.descriptor) { (_: API.GetEntry.Input) -> API.GetEntry.Output in
                    Self.entry("1", "/web")
                },
                ScriptedCall(API.BatchUpdateEntry.descriptor) {
                    (request: API.BatchUpdateEntry.Input) -> API.BatchUpdateEntry.Output in
                    #expect(!request.hasInputMask)
                    return .with { $0.results = [.with { $0.entry = request.entries[0] }] }
                },
            ])
    }

    @Test func applyMakesTheDifferenceAndDeletesLast() async throws {
        let folder = try CommandFolder()
        let file = try folder.file(
            "entries.json",
            #"{"entries":[{"spiffe_id":"spiffe://a.test/new","parent_id":"spiffe://a.test/node","selectors":["unix:uid:1"]}]}"#
        )
        let calls = Mutex<[String]>([])
        func methods(refusing: Bool) -> [any ScriptedMethod] {
            [
                ScriptedCall(API.ListEntries.descriptor) { (_: API.ListEntries.Input) -> API.ListEntries.Output in
                    .with { $0.entries = [Self.entry("old", "/old")] }
                },
                ScriptedCall(API.BatchCreateEntry.descriptor) {
                    (request: API.BatchCreateEntry.Input) -> API.BatchCreateEntry.Output in
                    calls.withLock { $0.append("create \(request.entries.map(\.spiffeID.path))") }
                    return .with {
                        $0.results = [
                            .with {
                                $0.status.code = refusing ? 3 : 0
                                $0.entry = request.entries[0]
                            }
                        ]
                    }
                },
                ScriptedCall(API.BatchDeleteEntry.descriptor) {
                    (request: API.BatchDeleteEntry.Input) -> API.BatchDeleteEntry.Output in
                    calls.withLock { $0.append("delete \(request.ids)") }
                    return .with { $0.results = [.with { $0.id = request.ids[0] }] }
                },
            ]
        }
        let dry = try await Self.run(
            ["entry", "apply", file, "--prune", "--dry-run"], against: methods(refusing: false))
        #expect(dry.text.last == "1 to create, 0 to change, 1 to delete, 0 unchanged")
        let failure = await #expect(throws: CommandFailure.self) {
            try await Self.run(["entry", "apply", file, "--prune", "--json"], against: methods(refusing: false))
        }
        #expect(failure?.code == "KM-NEEDS-YES")
        #expect(calls.withLock { $0 }.isEmpty)
        let refused = try await Self.run(
            ["entry", "apply", file, "--prune", "--yes"], against: methods(refusing: true))
        #expect(refused.concern?.status == .usage)
        #expect(calls.withLock { $0 } == [#"create ["/new"]"#])
        let done = try await Self.run(["entry", "apply", file, "--prune", "--yes"], against: methods(refusing: false))
        #expect(done.concern == nil)
        #expect(calls.withLock { $0.suffix(2) } == [#"create ["/new"]"#, #"delete ["old"]"#])
    }

    @Test func anIssuerThatIsAwayIsUndecidable() async throws {
        let folder = try CommandFolder()
        let error = await #expect(throws: AdministrationError.self) {
            try await CommandDrive.run(["entry", "list", "--socket-path", folder.socket])
        }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("No such file or directory") == true)
    }

    @Test func anIssuersRefusalKeepsItsWords() async throws {
        let error = await #expect(throws: AdministrationError.self) {
            try await Self.run(
                ["entry", "show", "missing"],
                against: [
                    ScriptedCall(API.GetEntry.descriptor) { (_: API.GetEntry.Input) -> API.GetEntry.Output in
                        throw RPCError(code: .notFound, message: "entry not found")
                    }
                ])
        }
        #expect(error == AdministrationError(.notFound, "entry not found"))
        #expect(error.map { ErrorTranslation.failure(for: $0).status } == .notFound)
    }
}
