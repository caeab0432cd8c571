// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERINetwork

/// Makes messages that an honest member would not send.
struct GroupForger {
    /// Who sends them.
    let site: GroupSite

    /// An establishment as the members' logs, known at the sender, state it.
    func establishment(_ members: [AID], threshold: Threshold = .count(2)) throws -> Establishment {
        let states = try members.map { try #require(try site.wallet.keyState(of: $0)) }
        return Establishment(
            signingThreshold: threshold, keys: states.compactMap(\.keys.first), nextThreshold: threshold,
            nextDigests: states.compactMap(\.nextDigests.first))
    }

    func key() throws -> VerificationKey { try #require(RandomKeyCreator.keys(count: 1).first).verificationKey }

    /// The sender's signature of an event, under a place.
    func signature(_ event: KeyEvent, of key: VerificationKey, at place: Int) async throws -> IndexedSignature {
        let seed = try await GroupFaultyVault(vault: site.vault, outage: GroupOutage()).load(key.text)
        return try CreatedKey(seed: seed).indexedSignature(over: event.bytes, index: place)
    }

    func proposal(
        _ event: KeyEvent, signing: [AID], rotation: [AID]? = nil, keys: [VerificationKey]? = nil,
        isSigned: Bool = true
    ) async throws -> GroupProposal {
        let sender = try site.aid
        var proposal = GroupProposal(
            event: event, signing: signing, rotation: rotation ?? (event.kind == .interaction ? [] : signing),
            proposer: sender, since: groupMoment(), stage: .approved)
        let keys = keys ?? event.establishment?.keys ?? []
        if isSigned, let place = signing.firstIndex(of: sender), place < keys.count {
            proposal.add(try await signature(event, of: keys[place], at: place))
        }
        return proposal
    }

    /// A whole message; `change` may alter the body, whose digests are then made right again.
    func message(
        _ proposal: GroupProposal, sealsEmbeds: Bool = true, change: (inout OrderedMap) -> Void = { _ in },
        attach: (inout [PathedGroup]) throws -> Void = { _ in }
    ) async throws -> [UInt8] {
        let sender = try site.aid
        let honest = try proposal.exchange(from: sender, form: .withRecipient, dated: groupMoment(9))
        var map = try #require(try OrderedValue(parsing: honest.span, format: .json).mapValue)
        change(&map)
        if sealsEmbeds, var embeds = map["e"]?.mapValue {
            try SelfAddressing.seal(&embeds)
            map["e"] = .map(embeds)
        }
        let body = try SelfAddressing.seal(&map, version: true)
        let controller = try Controller(site.wallet, sender.text)
        let state = try controller.keyState()
        let seal = EventSeal(aid: sender, sn: state.establishmentSn, said: state.establishmentSAID)
        let honestly = try proposal.attachments(signedBy: seal, try await controller.sign(body))
        var attachments = try Attachments(honestly.span)
        try attach(&attachments.pathedGroups)
        return body + (try attachments.encoded(in: .text))
    }

    /// A message that proposes an inception.
    func inception(
        _ members: [AID], signing: [AID]? = nil, rotation: [AID]? = nil, isSigned: Bool = true,
        change: (inout Establishment) throws -> Void = { _ in }
    ) async throws -> [UInt8] {
        var stated = try establishment(members)
        try change(&stated)
        let event = try EventBuilder.inception(stated)
        return try await message(
            try await proposal(event, signing: signing ?? members, rotation: rotation, isSigned: isSigned))
    }
}

extension GroupOutcome {
    /// Why a message was refused or kept.
    var error: GroupError? {
        switch self {
        case .refused(let error), .kept(let error): error
        default: nil
        }
    }

    var isRefused: Bool { if case .refused = self { true } else { false } }
    var isKept: Bool { if case .kept = self { true } else { false } }
    var isProposed: Bool { if case .proposed = self { true } else { false } }
    var isMerged: Bool { if case .merged = self { true } else { false } }
}
