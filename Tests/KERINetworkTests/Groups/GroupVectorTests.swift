// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import KelmarkTestSupport
import Testing

@testable import KERINetwork

/// Messages that keripy made: `exn.json`, and `groups.json`, in which two members of keripy and ours, whose keys come
/// from a salt, make a group, rotate it and interact.
struct GroupVectorTests {
    private func rows(_ file: String) throws -> [OrderedValue] {
        let bytes = try Vectors.data(file)
        let document = try OrderedValue(parsingJSON: bytes.span, strictness: .interoperable)
        return try #require(document["rows"]?.listValue)
    }

    private func exchange(_ bytes: [UInt8]) throws -> (Exchange, Attachments) {
        let stored = try StoredMessage(bytes)
        guard case .exchange(let exchange) = stored.message else { throw GroupError(.malformed, "no exchange message") }
        return (exchange, stored.attachments)
    }

    /// What we would have sent in the sender's place.
    private func rewritten(_ bytes: [UInt8]) throws -> [UInt8] {
        let (exchange, attachments) = try exchange(bytes)
        let message = try GroupMessage(exchange, attachments)
        let proposal = GroupProposal(
            event: message.event, signing: message.signing, rotation: message.rotation, proposer: message.sender,
            since: exchange.dated, stage: .approved, signatures: message.signatures)
        let group = try #require(attachments.transferableGroups.first)
        let seal = EventSeal(
            aid: try #require(AID(group.prefix)), sn: SequenceNumber(group.sn), said: try #require(SAID(group.said)))
        let form = exchange.hasRecipientMember ? ExchangeForm.withRecipient : .withoutRecipient
        return try proposal.exchange(from: message.sender, form: form, dated: exchange.dated)
            + proposal.attachments(signedBy: seal, group.signatures)
    }

    @Test func `An interaction is written as keripy does`() throws {
        let row = try #require(try rows("KERI/exn.json").first { $0["name"]?.textValue == "/multisig/ixn" })
        let bytes = Array(try #require(row.value(at: "message", "text")?.textValue).utf8)
        #expect(try rewritten(bytes) == bytes)
    }

    @Test(arguments: [0, 1])
    func `Our member takes part in a group of keripy's members`(_ version: Int) async throws {
        let row = try rows("KERI/groups.json")[version]
        func streams(_ label: String) throws -> [[UInt8]] {
            try #require(row[label]?.listValue).compactMap { $0.textValue.map { Array($0.utf8) } }
        }
        let site = GroupSite("carol", GroupBus())
        site.form = version == 0 ? .withoutRecipient : .withRecipient
        var plan = CreationPlan(name: "carol")
        plan.salt = (try SecretBytes(copying: Array("0123456789abcdef".utf8).span), "carol", .low)
        _ = try await site.wallet.create(plan, now: groupMoment())
        #expect(row["carol"]?.textValue == (try site.aid).text)
        let aid = try #require(row["gid"]?.textValue.flatMap { AID($0) })
        for (label, logs) in [("icp", "logs0"), ("rot", "logs1"), ("ixn", "")] {
            if label == "rot" { try await site.rotate() }
            for log in logs.isEmpty ? [] : try streams(logs) { _ = try site.wallet.ingest(log, now: groupMoment(1)) }
            let messages = try streams(label)
            for message in messages { #expect(try rewritten(message) == message) }
            let first = try await site.groups.receive(messages[0], now: groupMoment(2))
            guard case .proposed(let progress) = first else {
                Issue.record("\(first)")
                return
            }
            let ours = try await site.groups.approve(progress.event.said, named: "team", now: groupMoment(3))
            #expect(ours.stage == .accepted)
            #expect(try await site.groups.receive(messages[1], now: groupMoment(4)).isMerged)
            #expect(try site.groups.group("team").proposal(progress.event.said)?.signatures.count == 3)
            #expect(try site.wallet.keyState(of: aid)?.said == progress.event.said)
        }
        #expect(try site.wallet.keyState(of: aid)?.said.text == row["last"]?.textValue)
        #expect(site.bus.waiting.count == 6)
    }
}
