// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import Testing

@testable import KERINetwork

/// One person with real stores: a registry, credentials, and what comes by mail.
final class CredentialSide {
    let member: NetworkMember
    let store: MemoryCredentialStore
    let book = MemoryExchangeBook()

    init(_ name: String, _ network: GroupNetwork) async throws {
        member = try await NetworkMember(name, network)
        store = MemoryCredentialStore(member.wallet.store)
        try await member.incept()
    }

    var aid: AID { get throws { try member.aid } }
    var safe: CredentialSafe<MemoryCredentialStore> { CredentialSafe(member.wallet, store: store) }
    var exchanges: CredentialExchanges<MemoryKeyEventStore> {
        CredentialExchanges(
            member.wallet, custody: safe, book: book, courier: member.postman, clock: GroupClock())
    }
    func fetch() async throws -> [MailItem.Content] {
        try await Mailroom(
            groups: member.groups, challenges: member.challenges, transport: member.network, cursors: member.cursors,
            clock: GroupClock(), intake: exchanges
        ).fetch(for: aid, idle: .zero).map(\.content)
    }
    /// The latest message of an exchange that came.
    func next() async throws -> SAID {
        let taken = try await fetch().compactMap { content -> SAID? in
            if case .exchange(.taken(let record, _)) = content { record.said } else { nil }
        }
        return try #require(taken.last)
    }

    // MARK: Issuing

    static let schema: CredentialSchema = {
        let draft: OrderedMap = [
            "$id": "", "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "properties": ["a": ["type": "object", "required": ["level"]]],
        ]
        guard let bytes = try? SchemaAddressing.address(draft), let schema = try? CredentialSchema(parsing: bytes)
        else {
            preconditionFailure("the schema of the tests")
        }
        return schema
    }()

    func learnSchema() throws {
        let processor = CredentialProcessor(store: store)
        try processor.learn(Self.schema)
        _ = try processor.resume(after: [.schema(Self.schema.said)], now: groupMoment(60))
    }

    /// Seals a registry event and takes it in.
    func seal(_ event: RegistryEvent) async throws {
        _ = try await Controller(member.wallet, member.name).anchor([event.seal.value], now: groupMoment(60))
        _ = try await member.deliver(try aid)
        #expect(
            try CredentialProcessor(store: store).process(event, with: Attachments(), now: groupMoment(60))
                == .accepted)
    }

    func makeRegistry(_ salt: UInt8 = 7) async throws -> SAID {
        let event = try RegistryEventBuilder.inception(
            issuer: try aid, nonce: try Primitive(code: .salt128, raw: Array(repeating: salt, count: 16)))
        try await seal(event)
        return event.said
    }

    func write(
        to issuee: AID?, in registry: SAID, edges: OrderedValue? = nil, by issuer: AID? = nil
    ) throws -> Credential {
        try CredentialBuilder.credential(
            CredentialDraft(
                issuer: try issuer ?? aid, registry: registry, schema: Self.schema.said,
                content: .attributes(["level": 5]), issuee: issuee, dated: groupMoment(60), edges: edges))
    }

    func issue(_ credential: Credential, in registry: SAID) async throws {
        let state = try #require(try store.read(credentials: { $0.registry(registry) }))
        try await seal(RegistryEventBuilder.issuance(of: credential.said, in: state, dated: groupMoment(60)))
        let outcome = try CredentialProcessor(store: store).process(
            credential, with: Attachments(), now: groupMoment(60)
        ).outcome
        #expect(outcome == .accepted)
    }

    func revoke(_ credential: Credential) async throws {
        let registry = try #require(credential.registry)
        let (state, status) = try store.read(credentials: {
            ($0.registry(registry), $0.status(of: credential.said, in: registry))
        })
        try await seal(
            RegistryEventBuilder.revocation(
                of: #require(status), in: #require(state), dated: groupMoment(60)))
    }
}

struct CredentialSafeTests {
    let network: GroupNetwork
    let issuer: CredentialSide
    let holder: CredentialSide

    init() async throws {
        network = try GroupNetwork(2)
        issuer = try await CredentialSide("alice", network)
        holder = try await CredentialSide("bob", network)
        try await issuer.member.meet(holder.member)
        try await holder.member.meet(issuer.member)
        try issuer.learnSchema()
    }

    @Test func `A credential is handed over, waits for its schema, is admitted and can be shown on`() async throws {
        let registry = try await issuer.makeRegistry()
        let credential = try issuer.write(to: try holder.aid, in: registry)
        try await issuer.issue(credential, in: registry)
        _ = try await issuer.exchanges.grant(credential.said, as: "alice")
        let grant = try await holder.next()
        guard case .waits(.missingSchema, _) = try await holder.exchanges.admit(grant) else {
            Issue.record("no wait for the schema")
            return
        }
        try holder.learnSchema()
        guard case .admitted(let admit) = try await holder.exchanges.admit(grant) else {
            Issue.record("not admitted")
            return
        }
        #expect(try await issuer.next() == admit.said)
        #expect(try holder.safe.standing(of: credential.said) == .held)
        // The holder presents it to somebody who has never heard of the issuer.
        let verifier = try await CredentialSide("carol", network)
        try await verifier.member.meet(holder.member)
        try await holder.member.meet(verifier.member)
        try verifier.learnSchema()
        _ = try await holder.exchanges.grant(credential.said, to: try verifier.aid, as: "bob")
        guard case .admitted = try await verifier.exchanges.admit(try await verifier.next()) else {
            Issue.record("not admitted by the verifier")
            return
        }
    }

    @Test func `A chain travels whole`() async throws {
        let registry = try await issuer.makeRegistry()
        let base = try issuer.write(to: try issuer.aid, in: registry)
        try await issuer.issue(base, in: registry)
        let edges: OrderedValue = [
            "d": "", "base": ["n": .text(base.said.text), "s": .text(CredentialSide.schema.said.text)],
        ]
        let credential = try issuer.write(to: try holder.aid, in: registry, edges: edges)
        try await issuer.issue(credential, in: registry)
        try holder.learnSchema()
        _ = try await issuer.exchanges.grant(credential.said, as: "alice")
        guard case .admitted = try await holder.exchanges.admit(try await holder.next()) else {
            Issue.record("not admitted")
            return
        }
        #expect(try holder.safe.standing(of: base.said) == .held)
        // When what it builds upon ends, so does it.
        try await issuer.revoke(base)
        guard case .revoked = try issuer.safe.standing(of: credential.said) else {
            Issue.record("it stands")
            return
        }
        await #expect(throws: ExchangeError.self) {
            try await issuer.exchanges.grant(credential.said, as: "alice")
        }
    }

    @Test func `A revoked credential is neither granted nor admitted`() async throws {
        let registry = try await issuer.makeRegistry()
        let credential = try issuer.write(to: try holder.aid, in: registry)
        try await issuer.issue(credential, in: registry)
        try holder.learnSchema()
        _ = try await issuer.exchanges.grant(credential.said, as: "alice")
        let grant = try await holder.next()
        try await issuer.revoke(credential)
        await #expect(throws: ExchangeError.self) {
            try await issuer.exchanges.grant(credential.said, as: "alice")
        }
        // Its holder hears of it before it admits.
        let proof = try #require(try issuer.safe.proof(of: credential.said))
        _ = try holder.safe.take(proof.artefacts.flatMap(\.self), now: groupMoment(60))
        guard case .refused(let codes) = try await holder.exchanges.admit(grant) else {
            Issue.record("admitted")
            return
        }
        #expect(codes.first == "exchange-revoked")
        #expect(holder.book.load().records.count == 1)
    }

    @Test func `A credential in a registry of another issuer is refused`() async throws {
        let mallory = try await CredentialSide("mallory", network)
        try await mallory.member.meet(holder.member)
        try await holder.member.meet(mallory.member)
        try holder.learnSchema()
        let registry = try await mallory.makeRegistry(9)
        // In alice's name, in mallory's registry, sealed by mallory: her own store refuses it, so it is put together here.
        let forged = try mallory.write(to: try holder.aid, in: registry, by: try issuer.aid)
        let state = try #require(try mallory.store.read(credentials: { $0.registry(registry) }))
        let issuance = try RegistryEventBuilder.issuance(of: forged.said, in: state, dated: groupMoment(60))
        try await mallory.seal(issuance)
        let log = try mallory.member.wallet.export(try mallory.aid)
        let inception = try #require(
            try mallory.store.read(credentials: { $0.event(of: registry, in: registry, at: .zero) }))
        let issued = try #require(
            try mallory.store.read(credentials: { $0.event(of: forged.said, in: registry, at: .zero) }))
        let report = try holder.safe.take(
            log + inception.message() + issued.message() + forged.bytes, now: groupMoment(60))
        #expect(report.refusals == ["issuer-not-registry-owner"])
        #expect(try holder.safe.standing(of: forged.said) == .unknown)
    }

    @Test func `What can't be read is told of, and nothing is held`() async throws {
        let registry = try await issuer.makeRegistry()
        let credential = try issuer.write(to: try holder.aid, in: registry)
        var bytes = credential.bytes
        let place = try #require(bytes.firstRange(of: Array("\"level\":5".utf8)))
        bytes[place.upperBound - 1] = UInt8(ascii: "6")
        let report = try holder.safe.take(bytes, now: groupMoment(60))
        #expect(report.messages == 1 && report.accepted == 0 && report.refusals.count == 1)
        #expect(try holder.safe.standing(of: credential.said) == .unknown)
        #expect(try holder.safe.proof(of: credential.said) == nil)
    }

    @Test func `What waits for a log goes on when the log comes by mail`() async throws {
        let stranger = try await CredentialSide("eve", network)
        try stranger.learnSchema()
        try holder.learnSchema()
        let registry = try await stranger.makeRegistry()
        let credential = try stranger.write(to: try holder.aid, in: registry)
        try await stranger.issue(credential, in: registry)
        let proof = try #require(try stranger.safe.proof(of: credential.said))
        // Registry and credential first, then the log.
        let isLog = { (message: [UInt8]) in
            String(decoding: message, as: UTF8.self).contains("\"k\":")
                || String(
                    decoding: message, as: UTF8.self
                ).contains("\"t\":\"ixn\"")
        }
        let rest = proof.artefacts.filter { !isLog($0) } + [proof.credential]
        let report = try holder.safe.take(rest.flatMap(\.self), now: groupMoment(60))
        #expect(report.accepted == 0 && report.waiting == 3)
        let stream = try stranger.member.wallet.export(try stranger.aid)
        _ = try holder.member.wallet.ingest(stream, now: groupMoment(60))
        guard case .waits = try holder.safe.standing(of: credential.said) else {
            Issue.record("it went on by itself")
            return
        }
        try holder.safe.wake(after: [try stranger.aid], now: groupMoment(60))
        #expect(try holder.safe.standing(of: credential.said) == .held)
    }
}
