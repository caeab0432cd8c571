// SPDX-License-Identifier: Apache-2.0

import Foundation
import IdentityHTTP
import KERI
import KelmarkBytes
import Logging
import NodeAgent
import NodeLocal
import SPIFFE
import Testing

@testable import KelmarkCLI
@testable import TrustBinding

/// Agents that are bound to an organisation by its AID, with proofs that the commands make.
@Suite(.timeLimit(.minutes(3))) struct AnchoredAdmissionTests {
    /// What an organisation and its issuer came to.
    struct Story: Sendable {
        let root: AID
        /// The issuer's authority.
        let authority: X509Authority
        /// A proof from before the authority credential was revoked, and one from behind it.
        let before: [UInt8]
        let after: [UInt8]

        static func make() async throws -> Story {
            let home = try CommandFolder()
            let environment = [
                "KELMARK_HOME": "\(home.path)/h",
                "KELMARK_PASSPHRASE_FILE": try home.secret("correct horse battery"),
            ]
            func run(_ line: String) async throws -> OrderedMap {
                try await CommandDrive.run(
                    line.split(separator: " ").map(String.init) + ["--quiet"], environment: environment
                ).data
            }
            func proof(_ name: String) async throws -> [UInt8] {
                _ = try await run("issuer prove issuer --out \(home.path)/\(name)")
                return try DurableFile.read("\(home.path)/\(name)", atMost: 1 << 22)
            }
            _ = try await run("init")
            _ = try await run("id create acme")
            _ = try await run("id create issuer")
            let credential = try await run("issuer authorise issuer --from acme --trust-domain acme.example")[
                "credential"]
            let statement = try await run("issuer statement issuer --trust-domain acme.example")["statement"]
            let before = try await proof("before.kel")
            _ = try await run("authority revoke \(try #require(credential?.textValue)) --yes")
            let issuer = try #require(statement?["i"]?.textValue.flatMap { AID($0) })
            let entries = try IssuerFolder(path: "\(home.path)/h/issuers").entries(of: issuer)
            return Story(
                root: try #require(try await run("id show acme")["aid"]?.textValue.flatMap { AID($0) }),
                authority: X509Authority(try #require(entries.first?.certificate)), before: before,
                after: try await proof("after.kel"))
        }
    }

    /// Made once: it takes keys, and a passphrase that is slow to try.
    private static let story = Task { try await Story.make() }
    private static let domain = try! TrustDomain("acme.example")

    private let folder: CommandFolder
    private var published: String { "\(folder.path)/proof" }
    private var kept: String { "\(folder.path)/kept" }

    init() throws { folder = try CommandFolder() }

    private func publish(_ proof: [UInt8]) throws { try Data(proof).write(to: URL(fileURLWithPath: published)) }

    /// An agent that begins now.
    private func admission(root: AID, kept: String? = nil) -> AnchoredAdmission {
        let threads = BlockingThreads()
        let clock = SystemAgentClock()
        return AnchoredAdmission(
            .init(root: root, trustDomain: Self.domain),
            document: ProofDocument(
                at: .file(published), largest: 1 << 22, http: LocalHTTPClient(clock: clock), threads: threads),
            keptAt: kept ?? self.kept, clock: clock, threads: threads,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func outcomes(
        _ admission: AnchoredAdmission, _ authorities: X509Authority...
    ) async throws -> [AuthorityVerdict.Outcome]? {
        let bundle = try TrustBundle(trustDomain: Self.domain, x509Authorities: authorities)
        switch await admission.decide(on: bundle, replacing: nil) {
        case .refused: return nil
        case .admitted(let left, let verdicts):
            #expect(left.x509Authorities.count == verdicts.count { $0.outcome != .refused })
            return authorities.map { authority in
                verdicts.first { $0.authority == .x509(authority) }?.outcome ?? .refused
            }
        }
    }

    private static let other = Task { X509Authority(try TestCertificates("acme.example").authority) }

    @Test func `an authority that the organisation stands behind is proven, another is not`() async throws {
        let story = try await Self.story.value
        try publish(story.before)
        let admission = admission(root: story.root)
        #expect(try await outcomes(admission, story.authority) == [.admitted(.proven)])
        #expect(try await outcomes(admission, story.authority, try Self.other.value) == [.admitted(.proven), .refused])
        let standing = admission.standing
        #expect((standing.admitted, standing.refused, standing.problem) == (1, 1, nil))
        #expect(standing.asOf.first?.aid == story.root.text)
        #expect(standing.asOf.count == 2)
        #expect(standing.finding.isReady)
        #expect(standing.finding.detail.contains(story.root.text))
    }

    @Test func `another trust domain, another organisation, or no proof admits nothing`() async throws {
        let story = try await Self.story.value
        let unproven = admission(root: story.root)
        #expect(try await outcomes(unproven, story.authority) == nil)
        #expect(!unproven.standing.finding.isReady)
        try publish(story.before)
        // The proof came.
        #expect(try await outcomes(unproven, story.authority) == [.admitted(.proven)])
        let foreign = try TrustBundle(trustDomain: TrustDomain("other.test"), x509Authorities: [story.authority])
        guard case .refused = await unproven.decide(on: foreign, replacing: nil) else {
            Issue.record("a bundle of another trust domain")
            return
        }
        let stranger = try #require(AID("EAWnmLi7pxQ_xbWL4UUYaDl-Af6WTeiPqyuzJijI-ORj"))
        #expect(try await outcomes(admission(root: stranger, kept: "\(folder.path)/k2"), story.authority) == nil)
    }

    @Test func `what was revoked stays revoked, whatever is published afterwards`() async throws {
        let story = try await Self.story.value
        try publish(story.before)
        let first = admission(root: story.root)
        #expect(try await outcomes(first, story.authority) == [.admitted(.proven)])
        try publish(story.after)
        #expect(try await outcomes(first, story.authority) == [.refused])
        #expect(!first.standing.finding.isReady)
        // An older proof does not come back, neither now nor after a restart.
        try publish(story.before)
        #expect(try await outcomes(first, story.authority) == [.refused])
        #expect(first.standing.problem?.contains("older proof") == true)
        #expect(try await outcomes(admission(root: story.root), story.authority) == [.refused])
        // Who never saw the newer one can't know.
        #expect(
            try await outcomes(admission(root: story.root, kept: "\(folder.path)/k2"), story.authority)
                == [.admitted(.proven)])
    }

    @Test func `a proof that is damaged, or away, leaves the last one in place`() async throws {
        let story = try await Self.story.value
        try publish(story.before)
        let first = admission(root: story.root)
        #expect(try await outcomes(first, story.authority) == [.admitted(.proven)])
        for bytes in [[], Array(story.after.dropLast(10)), Array("nonsense".utf8)] as [[UInt8]] {
            try publish(bytes)
            #expect(try await outcomes(first, story.authority) == [.admitted(.proven)])
            #expect(first.standing.problem != nil)
            #expect(first.standing.finding.isReady)
        }
        try FileManager.default.removeItem(atPath: published)
        #expect(try await outcomes(first, story.authority) == [.admitted(.proven)])
        #expect(try await outcomes(admission(root: story.root), story.authority) == [.admitted(.proven)])
        try publish(story.before)
        #expect(try await outcomes(first, story.authority) == [.admitted(.proven)])
        #expect(first.standing.problem == nil)
    }

    @Test func `a proof that can't be kept is not used until it can`() async throws {
        let story = try await Self.story.value
        try publish(story.before)
        let place = "\(folder.path)/later/kept"
        let admission = admission(root: story.root, kept: place)
        #expect(try await outcomes(admission, story.authority) == nil)
        try FileManager.default.createDirectory(atPath: "\(folder.path)/later", withIntermediateDirectories: false)
        #expect(try await outcomes(admission, story.authority) == [.admitted(.proven)])
    }
}

extension CommandFolder {
    /// Writes a file that only its owner may read, and gives its path.
    func secret(_ text: String) throws -> String {
        let path = try file("secret", text + "\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        return path
    }
}
