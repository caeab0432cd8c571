// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import Synchronization
import Testing

@testable import KERINetwork

/// Two people and witnesses: what one says about credentials reaches the other through mailboxes, once and in order.
final class ExchangeSide {
    let member: NetworkMember
    let custody = FakeCustody()
    let book = MemoryExchangeBook()

    init(_ member: NetworkMember) { self.member = member }

    var aid: AID { get throws { try member.aid } }
    var exchanges: CredentialExchanges<MemoryKeyEventStore> {
        CredentialExchanges(
            member.wallet, custody: custody, book: book, courier: member.postman, clock: GroupClock())
    }
    func fetch() async throws -> [MailItem.Content] {
        try await Mailroom(
            groups: member.groups, challenges: member.challenges, transport: member.network, cursors: member.cursors,
            clock: GroupClock(), intake: exchanges
        ).fetch(for: aid, idle: .zero).map(\.content)
    }
    /// The messages of exchanges that came.
    func receipts() async throws -> [ExchangeReceipt] {
        try await fetch().compactMap { if case .exchange(let receipt) = $0 { receipt } else { nil } }
    }
    /// The one message that came and was taken.
    func next() async throws -> SAID {
        guard case .taken(let record, _)? = try await receipts().last else { throw ExchangeRefusal.malformed }
        return record.said
    }
}

struct CredentialExchangesTests {
    let issuer: ExchangeSide
    let holder: ExchangeSide
    let network: GroupNetwork

    init() async throws {
        network = try GroupNetwork(2)
        issuer = ExchangeSide(try await NetworkMember("alice", network))
        holder = ExchangeSide(try await NetworkMember("bob", network))
        try await issuer.member.incept()
        try await holder.member.incept()
        try await issuer.member.meet(holder.member)
        try await holder.member.meet(issuer.member)
    }

    /// A credential of the issuer's, with a log and a registry event to send before it.
    private func credential(to issuee: AID? = nil, note: String = "x") throws -> SAID {
        let log = try issuer.member.wallet.export(try issuer.aid)
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: log.span) else { throw ExchangeRefusal.badEmbed }
        return try issuer.custody.hold(
            by: try issuer.aid, to: try issuee ?? holder.aid, artefacts: [Array(log[frame.range])], note: note)
    }

    @Test func `A whole exchange goes through mailboxes and ends`() async throws {
        let credential = try credential()
        let schema = try FakeCustody.said("schema")
        let applied = try await holder.exchanges.apply(
            for: schema, attributes: ["lei": "x"], to: try issuer.aid, as: "bob", note: "please")
        #expect(applied.isSent)
        let application = try await issuer.next()
        #expect(application == applied.said)
        #expect(try issuer.exchanges.list().first?.waitsForUs == true)
        _ = try await issuer.exchanges.offer(credential, answering: application, as: "alice")
        let offer = try await holder.next()
        _ = try await holder.exchanges.agree(offer)
        let agreement = try await issuer.next()
        _ = try await issuer.exchanges.grant(credential, answering: agreement, as: "alice")
        let grant = try await holder.next()
        holder.custody.state.withLock { $0.standings[credential] = .held }
        guard case .admitted(let admit) = try await holder.exchanges.admit(grant) else {
            Issue.record("not admitted")
            return
        }
        #expect(try await issuer.next() == admit.said)
        for side in [issuer, holder] {
            let list = try side.exchanges.list()
            #expect(list.count == 1)
            #expect(list.first?.thread.steps.map(\.kind) == [.apply, .offer, .agree, .grant, .admit])
            #expect(list.first?.thread.isOver == true)
            #expect(list.first?.unsent == [])
        }
        // What the grant handed over went to the processors, behind what it rests on.
        let taken = holder.custody.state.withLock { $0.taken }
        let embedded = String(decoding: taken.last ?? [], as: UTF8.self)
        #expect(embedded.contains("\"t\":\"ixn\"") && embedded.contains("\"t\":\"iss\""))
        #expect(embedded.contains("ACDC10JSON"))
    }

    @Test func `What a credential rests on travels before the grant`() async throws {
        let credential = try credential()
        _ = try await issuer.exchanges.grant(credential, as: "alice")
        let contents = try await holder.fetch()
        let kinds = contents.map { content in
            switch content {
            case .log: "log"
            case .exchange(.taken(_, .grant)): "grant"
            default: "other"
            }
        }
        #expect(kinds.suffix(2) == ["log", "grant"])
    }

    @Test func `A grant that comes again changes nothing`() async throws {
        let credential = try credential()
        let grant = try await issuer.exchanges.grant(credential, as: "alice")
        #expect(try await holder.next() == grant.said)
        try await issuer.member.postman.send(
            [grant.message], to: try holder.aid, from: try issuer.aid, topic: "credential")
        let again = try await holder.receipts()
        #expect(again.allSatisfy { if case .repeated = $0 { true } else { false } })
        #expect(try holder.exchanges.list().count == 1)
    }

    @Test func `A message that can't be handed over is kept and sent by a resume, once`() async throws {
        let credential = try credential()
        let witnesses = network.hosts.values.map(\.witness.aid)
        network.stopped.withLock { $0 = Set(witnesses) }
        await #expect(throws: ExchangeError.self) { try await issuer.exchanges.grant(credential, as: "alice") }
        let kept = try #require(issuer.book.load().records.first)
        #expect(!kept.isSent)
        #expect(try issuer.exchanges.list().first?.unsent == [kept.said])
        #expect(try await issuer.exchanges.resume().map(\.isSent) == [false])
        network.stopped.withLock { $0 = [] }
        #expect(try await issuer.exchanges.resume().map(\.said) == [kept.said])
        #expect(try await issuer.exchanges.resume().isEmpty)
        #expect(try await holder.next() == kept.said)
    }

    @Test func `An answer is given once, and asking again sends the same`() async throws {
        let credential = try credential()
        _ = try await issuer.exchanges.grant(credential, as: "alice")
        let grant = try await holder.next()
        holder.custody.state.withLock { $0.standings[credential] = .held }
        guard case .admitted(let first) = try await holder.exchanges.admit(grant),
            case .admitted(let second) = try await holder.exchanges.admit(grant)
        else {
            Issue.record("not admitted")
            return
        }
        #expect(first == second)
        await #expect(throws: ExchangeError.self) { try await holder.exchanges.spurn(grant) }
        #expect(try await issuer.receipts().count == 1)
    }

    @Test func `A spurn ends the exchange`() async throws {
        let credential = try credential()
        _ = try await issuer.exchanges.grant(credential, as: "alice")
        let grant = try await holder.next()
        let spurn = try await holder.exchanges.spurn(grant, note: "no")
        #expect(try await issuer.next() == spurn.said)
        #expect(try issuer.exchanges.list().first?.thread.isOver == true)
        holder.custody.state.withLock { $0.standings[credential] = .held }
        await #expect(throws: ExchangeError.self) { try await holder.exchanges.admit(grant) }
        // We can't answer what we said ourselves.
        await #expect(throws: ExchangeError.self) { try await holder.exchanges.spurn(spurn.said) }
    }

    @Test func `Only an accepted credential that is not revoked is admitted`() async throws {
        let credential = try credential()
        _ = try await issuer.exchanges.grant(credential, as: "alice")
        let grant = try await holder.next()
        func admit(_ standing: CredentialStanding, _ refusals: [String] = []) async throws -> Admission {
            holder.custody.state.withLock { state in
                state.standings[credential] = standing
                state.report.refusals = refusals
            }
            return try await holder.exchanges.admit(grant)
        }
        #expect(try await admit(.waits(.missingSchema, "x")) == .waits(.missingSchema, "x"))
        #expect(try await admit(.unknown) == .refused(["exchange-not-held"]))
        #expect(try await admit(.revoked("gone")) == .refused(["exchange-revoked", "gone"]))
        #expect(try await admit(.unsound("anchor")) == .refused(["anchor"]))
        // What is held already does not make up for a part that is refused.
        #expect(try await admit(.held, ["forged-said"]) == .refused(["forged-said"]))
        #expect(holder.book.load().records.count == 1)
        guard case .admitted = try await admit(.held) else {
            Issue.record("not admitted")
            return
        }
    }

    @Test func `A grant whose parts do not belong together is refused before anything is read`() async throws {
        let credential = try credential()
        let other = try self.credential(note: "other")
        issuer.custody.state.withLock { state in
            if let proof = state.proofs[credential], let foreign = state.proofs[other] {
                state.proofs[credential] = CredentialProof(
                    credential: proof.credential, issuance: foreign.issuance, anchor: proof.anchor, artefacts: [])
            }
        }
        _ = try await issuer.exchanges.grant(credential, as: "alice")
        let grant = try await holder.next()
        let before = holder.custody.state.withLock { $0.taken.count }
        #expect(try await holder.exchanges.admit(grant) == .refused(["exchange-bad-embed"]))
        #expect(holder.custody.state.withLock { $0.taken.count } == before)
    }

    @Test func `Who is neither issuer nor issuee of what is kept does not hand it over`() async throws {
        let mallory = ExchangeSide(try await NetworkMember("mallory", network))
        try await mallory.member.incept()
        try await mallory.member.meet(holder.member)
        try await holder.member.meet(mallory.member)
        let credential = try mallory.custody.hold(by: try issuer.aid, to: nil)
        _ = try await mallory.exchanges.grant(credential, to: try holder.aid, as: "mallory")
        let grant = try await holder.next()
        func admit(_ target: CredentialTarget) async throws -> Admission {
            holder.custody.state.withLock { state in
                state.standings[credential] = .held
                state.targets[credential] = target
            }
            return try await holder.exchanges.admit(grant)
        }
        for target in [CredentialTarget.issuee(try issuer.aid), .undisclosed, .other] {
            #expect(try await admit(target) == .refused(["exchange-wrong-discloser"]))
        }
        guard case .admitted = try await admit(.issuee(try mallory.aid)) else {
            Issue.record("not admitted")
            return
        }
    }

    @Test func `Nobody hands over what he does not hold, or what is revoked`() async throws {
        let credential = try credential()
        for standing in [CredentialStanding.unknown, .revoked("x"), .waits(.missingChain, "x"), .unsound("x")] {
            issuer.custody.state.withLock { $0.standings[credential] = standing }
            await #expect(throws: ExchangeError.self) { try await issuer.exchanges.grant(credential, as: "alice") }
            await #expect(throws: ExchangeError.self) { try await issuer.exchanges.offer(credential, as: "alice") }
        }
        #expect(issuer.book.load().records.isEmpty)
    }

    @Test func `Only what is meant for us and can be answered is answered`() async throws {
        let credential = try credential()
        let granted = try await issuer.exchanges.grant(credential, as: "alice")
        await #expect(throws: ExchangeError.self) { try await issuer.exchanges.spurn(granted.said) }
        await #expect(throws: ExchangeError.self) { try await issuer.exchanges.admit(granted.said) }
        let grant = try await holder.next()
        await #expect(throws: ExchangeError.self) { try await holder.exchanges.agree(grant) }
        await #expect(throws: ExchangeError.self) {
            try await holder.exchanges.admit(try FakeCustody.said("unknown"))
        }
        // An untargeted credential is granted to somebody who is named.
        let anybody = try issuer.custody.hold(by: try issuer.aid, to: nil, note: "bearer")
        await #expect(throws: (any Error).self) { try await issuer.exchanges.grant(anybody, as: "alice") }
    }

    // MARK: What strangers send

    /// A message of the issuer that nobody of ours would write, as it lies in the holder's mailbox.
    private func offered(
        _ content: CredentialExchange.Content, answering prior: SAID? = nil, to recipient: AID? = nil,
        from sender: ExchangeSide? = nil
    ) async throws -> ExchangeReceipt {
        let sender = sender ?? issuer
        let draft = try CredentialExchangeBuilder.draft(
            content, from: try sender.aid, to: try recipient ?? holder.aid, answering: prior, dated: groupMoment(61))
        var attachments = try await Controller(sender.member.wallet, sender.member.name).attachments(to: draft.body)
        attachments.pathedGroups = draft.groups
        guard case .exchange(let exchange) = try StoredMessage(attachments.following(draft.body)).message else {
            throw ExchangeRefusal.malformed
        }
        return try holder.exchanges.receive(exchange, attachments, for: try holder.aid, now: groupMoment(62))
    }

    @Test func `Messages out of place are refused and not kept`() async throws {
        let schema = try FakeCustody.said("schema")
        #expect(try await offered(.admit, answering: schema) == .refused(.unknownPrior))
        #expect(try await offered(.spurn) == .refused(.cannotOpen))
        #expect(
            try await offered(.apply(schema: schema, attributes: [:]), to: try issuer.aid)
                == .refused(.wrongRecipient))
        #expect(holder.book.load().records.isEmpty)
    }

    @Test func `Nobody speaks for somebody else`() async throws {
        let draft = try CredentialExchangeBuilder.draft(
            .apply(schema: try FakeCustody.said("schema"), attributes: [:]), from: try issuer.aid, to: try holder.aid,
            dated: groupMoment(61))
        let mallory = ExchangeSide(try await NetworkMember("mallory", network))
        try await mallory.member.incept()
        var forged = try await Controller(mallory.member.wallet, "mallory").attachments(to: draft.body)
        guard case .exchange(let exchange) = try StoredMessage(draft.body).message else { return }
        #expect(
            try holder.exchanges.receive(exchange, forged, for: try holder.aid, now: groupMoment(62))
                == .refused(.unsigned))
        let state = try #require(try issuer.member.wallet.keyState(of: issuer.aid))
        forged.transferableGroups = forged.transferableGroups.map {
            TransferableSignatureGroup(
                prefix: state.aid.primitive, sn: 0, said: state.said.primitive, signatures: $0.signatures)
        }
        #expect(
            try holder.exchanges.receive(exchange, forged, for: try holder.aid, now: groupMoment(62))
                == .refused(.unsigned))
    }

    @Test func `Who has only the keys of the past is not listened to`() async throws {
        let schema = try FakeCustody.said("schema")
        let draft = try CredentialExchangeBuilder.draft(
            .apply(schema: schema, attributes: [:]), from: try issuer.aid, to: try holder.aid, dated: groupMoment(61))
        let old = try await Controller(issuer.member.wallet, "alice").attachments(to: draft.body)
        _ = try await Controller(issuer.member.wallet, "alice").rotate(RotationPlan(), now: groupMoment(61))
        _ = try await issuer.member.deliver(try issuer.aid)
        let witness = try #require(network.hosts.values.first?.witness.aid)
        try await holder.member.meet(try issuer.aid, at: witness)
        guard case .exchange(let exchange) = try StoredMessage(draft.body).message else { return }
        #expect(
            try holder.exchanges.receive(exchange, old, for: try holder.aid, now: groupMoment(62))
                == .refused(.unsigned))
    }

    @Test func `A message of somebody unknown waits for the log`() async throws {
        let stranger = ExchangeSide(try await NetworkMember("eve", network))
        try await stranger.member.incept()
        let schema = try FakeCustody.said("schema")
        let receipt = try await offered(.apply(schema: schema, attributes: [:]), from: stranger)
        #expect(receipt == .waits(try stranger.aid))
        #expect(holder.book.load().records.isEmpty)
    }

    @Test func `Open exchanges of one partner are bounded`() async throws {
        for number in 0..<ExchangeLedger.perPartner {
            let schema = try FakeCustody.said("schema \(number)")
            guard case .taken = try await offered(.apply(schema: schema, attributes: [:])) else {
                Issue.record("number \(number)")
                return
            }
        }
        let last = try FakeCustody.said("one more")
        #expect(try await offered(.apply(schema: last, attributes: [:])) == .refused(.tooMany))
        // One that ends makes room.
        let first = try #require(holder.book.load().records.first)
        _ = try await holder.exchanges.spurn(first.said)
        guard case .taken = try await offered(.apply(schema: last, attributes: [:])) else {
            Issue.record("no room")
            return
        }
    }

    @Test func `The ledger is read back as it was, and nothing else is`() async throws {
        _ = try await issuer.exchanges.grant(try credential(), as: "alice")
        let ledger = issuer.book.load()
        let document = ExchangeLedgerCoding.encode(ledger)
        #expect(try ExchangeLedgerCoding.decode(document) == ledger)
        for (member, value) in [
            ("version", 2), ("version", .null), ("messages", .null), ("messages", [["thread": "x"]]),
        ] as [(String, OrderedValue)] {
            var broken = document
            broken[member] = value
            #expect(throws: ExchangeError.self) { try ExchangeLedgerCoding.decode(broken) }
        }
    }
}
