// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
public import KelmarkBytes

/// The one form in which ledgers of groups are kept: ordered JSON with a version.
public enum GroupLedgerCoding {
    /// The version that is written, and the newest that is read.
    public static let version = 1

    /// The ledger as a document.
    public static func encode(_ ledger: GroupLedger) -> OrderedMap {
        [
            "version": OrderedValue(version), "groups": .list(ledger.groups.map { .map(encode($0)) }),
            "unread": .list(ledger.unread.map { .map(encode($0)) }),
        ]
    }

    /// Reads a document back.
    /// - Throws: ``GroupError`` `bookDamaged` or `bookTooNew`.
    public static func decode(_ document: OrderedMap) throws(GroupError) -> GroupLedger {
        guard let found = document["version"]?.integerValue else {
            throw GroupError(.bookDamaged, "there is no version")
        }
        guard found <= version else { throw GroupError(.bookTooNew, "the book of groups has version \(found)") }
        guard let groups = document["groups"]?.listValue, let unread = document["unread"]?.listValue else {
            throw GroupError(.bookDamaged, "there are no groups, or no unread messages")
        }
        var ledger = GroupLedger()
        for (place, value) in groups.enumerated() {
            guard let one = value.mapValue.flatMap(group) else {
                throw GroupError(.bookDamaged, "group \(place) can't be read back")
            }
            guard ledger.group(one.aid) == nil else { throw GroupError(.bookDamaged, "a group stands twice") }
            ledger.groups.append(one)
        }
        for (place, value) in unread.enumerated() {
            guard let one = value.mapValue.flatMap(message) else {
                throw GroupError(.bookDamaged, "unread message \(place) can't be read back")
            }
            ledger.unread.append(one)
        }
        return ledger
    }

    private static func encode(_ group: GroupRecord) -> OrderedMap {
        [
            "aid": .text(group.aid.text), "name": group.name.map { .text($0) } ?? .null,
            "member": .text(group.member.text), "signing": texts(group.signing), "rotation": texts(group.rotation),
            "proposals": .list(group.proposals.map { .map(encode($0)) }),
        ]
    }

    private static func encode(_ proposal: GroupProposal) -> OrderedMap {
        [
            "event": .text(Base64URL.encodedString(proposal.event.bytes.span)), "signing": texts(proposal.signing),
            "rotation": texts(proposal.rotation), "proposer": .text(proposal.proposer.text),
            "since": .text(proposal.since.description), "stage": .text(proposal.stage.rawValue),
            "signatures": .list(proposal.signatures.map { .text($0.text) }), "sent": texts(proposal.sentTo),
        ]
    }

    private static func encode(_ unread: UnreadGroupMessage) -> OrderedMap {
        [
            "said": .text(unread.said.text), "sender": .text(unread.sender.text),
            "message": .text(Base64URL.encodedString(unread.message.span)),
            "since": .text(unread.since.description), "code": .text(unread.reason.code.rawValue),
            "detail": .text(unread.reason.detail),
            "actor": unread.reason.actor.map { .text($0.text) } ?? .null,
        ]
    }

    private static func texts(_ aids: [AID]) -> OrderedValue { .list(aids.map { .text($0.text) }) }

    private static func aids(_ value: OrderedValue?) -> [AID]? {
        guard let list = value?.listValue else { return nil }
        let aids = list.compactMap { $0.textValue.flatMap { AID($0) } }
        return aids.count == list.count ? aids : nil
    }

    private static func bytes(_ value: OrderedValue?) -> [UInt8]? {
        value?.textValue.flatMap { try? Base64URL.decode($0.utf8.span) }
    }

    private static func group(_ map: OrderedMap) -> GroupRecord? {
        guard let aid = map.aid("aid"), let member = map.aid("member"), let name = map["name"],
            let signing = aids(map["signing"]), let rotation = aids(map["rotation"]),
            let list = map["proposals"]?.listValue
        else { return nil }
        let proposals = list.compactMap { $0.mapValue.flatMap(proposal) }
        guard proposals.count == list.count, name.isNull || name.textValue != nil,
            proposals.allSatisfy({ $0.event.aid == aid })
        else { return nil }
        return GroupRecord(
            aid: aid, name: name.textValue, member: member, signing: signing, rotation: rotation,
            proposals: proposals)
    }

    private static func proposal(_ map: OrderedMap) -> GroupProposal? {
        guard let bytes = bytes(map["event"]), let stored = try? StoredMessage(bytes),
            case .keyEvent(let event) = stored.message, event.bytes == bytes,
            let signing = aids(map["signing"]), let rotation = aids(map["rotation"]),
            let proposer = map.aid("proposer"), let since = map["since"]?.textValue.flatMap({ Timestamp($0) }),
            let stage = map["stage"]?.textValue.flatMap(GroupProposal.Stage.init(rawValue:)),
            let list = map["signatures"]?.listValue, let sent = aids(map["sent"])
        else { return nil }
        let signatures = list.compactMap { $0.textValue.flatMap { try? IndexedSignature(text: $0) } }
        guard signatures.count == list.count else { return nil }
        return GroupProposal(
            event: event, signing: signing, rotation: rotation, proposer: proposer, since: since, stage: stage,
            signatures: signatures, sentTo: sent)
    }

    private static func message(_ map: OrderedMap) -> UnreadGroupMessage? {
        guard let said = map.said("said"), let sender = map.aid("sender"), let message = bytes(map["message"]),
            let since = map["since"]?.textValue.flatMap({ Timestamp($0) }),
            let code = map["code"]?.textValue.flatMap(GroupError.Code.init(rawValue:)),
            let detail = map["detail"]?.textValue, let actor = map["actor"], actor.isNull || map.aid("actor") != nil
        else { return nil }
        return UnreadGroupMessage(
            said: said, sender: sender, message: message, since: since,
            reason: GroupError(code, detail, actor: map.aid("actor")))
    }
}
