// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// What waits, as data and as text, with the command that helps.
struct WaitingView {
    /// Names of own AIDs and of contacts.
    let names: [AID: String]

    func data(of item: WaitingItem) -> OrderedMap {
        var map: OrderedMap = [
            "kind": .text(kind(item.subject)), "reason": reason(of: item).map { .text($0) } ?? .null,
            "code": code(of: item).map { .text($0) } ?? .null,
            "name": item.name.map { .text($0) } ?? .null, "i": .text(item.aid.text),
        ]
        switch item.subject {
        case .event(let seal, let type), .groupEvent(let seal, let type):
            map["s"] = .text(seal.sn.hex)
            map["d"] = .text(seal.said.text)
            map["t"] = .text(type.rawValue)
        case .receipt(let seal):
            map["s"] = .text(seal.sn.hex)
            map["d"] = .text(seal.said.text)
        case .reply(let said, let route), .query(let said, let route), .exchange(let said, let route):
            map["d"] = .text(said.text)
            map["route"] = .text(route)
        case .registryEvent(let said, let type, of: let subject):
            map["d"] = .text(said.text)
            map["t"] = .text(type.rawValue)
            map["subject"] = .text(subject.text)
        case .credential(let said): map["d"] = .text(said.text)
        case .unreadable(let key):
            map["s"] = .text(key.sn.hex)
            map["d"] = .text(key.said.text)
        }
        map["missing"] = .text(missing(item.missing))
        map["detail"] = .text(item.detail)
        map["since"] = .text(item.since.description)
        map["until"] = item.until.map { .text($0.description) } ?? .null
        map["actor"] = .text(actor(item.actor))
        map["next"] = .text(command(item))
        return map
    }

    func text(of item: WaitingItem) -> [String] {
        var lines = ["\(name(of: item.aid))  \(title(item.subject))\(reason(of: item).map { "  \($0)" } ?? "")"]
        let what = missing(item.missing)
        lines.append("  waits for  \(printable(what.isEmpty ? item.detail : what))")
        lines.append("  since      \(item.since)\(item.until.map { ", given up at \($0)" } ?? "")")
        lines.append("  must act   \(actor(item.actor))")
        lines.append("  command    \(command(item))")
        return lines
    }

    func name(of aid: AID) -> String { names[aid] ?? aid.text }

    private func reason(of item: WaitingItem) -> String? { item.reason?.rawValue ?? item.credentialReason?.rawValue }

    private func code(of item: WaitingItem) -> String? {
        item.reason.map { ErrorTranslation.code(for: $0) }
            ?? item.credentialReason.map { ErrorTranslation.code(for: $0) }
    }

    private func list(_ aids: [AID]) -> String { aids.map(name).joined(separator: ", ") }

    private func kind(_ subject: WaitingItem.Subject) -> String {
        switch subject {
        case .event: "event"
        case .groupEvent: "group"
        case .receipt: "receipt"
        case .reply: "reply"
        case .query: "query"
        case .exchange: "exchange"
        case .registryEvent: "registry event"
        case .credential: "credential"
        case .unreadable: "unreadable"
        }
    }

    private func title(_ subject: WaitingItem.Subject) -> String {
        switch subject {
        case .event(let seal, let kind): "event \(seal.sn.hex) (\(kind.rawValue))"
        case .groupEvent(let seal, let kind): "event \(seal.sn.hex) (\(kind.rawValue)) of a group, \(seal.said)"
        case .receipt(let seal): "receipt of event \(seal.sn.hex)"
        case .reply(_, let route): "reply \(printable(String(route.prefix(64))))"
        case .query(_, let route): "query \(printable(String(route.prefix(64))))"
        case .exchange(_, let route): "message \(printable(String(route.prefix(64))))"
        case .registryEvent(_, let kind, of: let subject): "registry event (\(kind.rawValue)) of \(subject)"
        case .credential(let said): "credential \(said)"
        case .unreadable(let key): "something unreadable at \(key.sn.hex)"
        }
    }

    private func missing(_ missing: WaitingItem.Missing) -> String {
        switch missing {
        case .log(let aid): "the log of \(name(of: aid))"
        case .events(let aid, let first, let last):
            first == last
                ? "event \(first.hex) of \(name(of: aid))" : "events \(first.hex) to \(last.hex) of \(name(of: aid))"
        case .keys(let places):
            places.isEmpty
                ? "more signatures" : "signatures of keys \(places.map(String.init).joined(separator: ", "))"
        case .members(let members): "signatures of \(list(members))"
        case .seal(let delegator): "the seal of \(name(of: delegator))"
        case .receipts(let count, let witnesses): "\(count) more receipts of \(list(witnesses))"
        case .delivery(let members): "our copy to reach \(list(members))"
        case .sealOfRegistryEvent(let owner): "the seal in the log of \(name(of: owner))"
        case .backers(let registry): "receipts of the backers of \(registry)"
        case .registry(let registry): "what the registry \(registry) says"
        case .schema(let schema): "the schema \(schema)"
        case .credential(let credential): "the credential \(credential)"
        case .decision: "a decision"
        case .nothing: ""
        }
    }

    private func actor(_ actor: WaitingItem.Actor) -> String {
        switch actor {
        case .us(let aid): "you, as \(name(of: aid))"
        case .others(let aids): aids.isEmpty ? "others" : list(aids)
        case .anybody: "whoever has the log"
        case .nobody: "nobody"
        }
    }

    private func command(_ item: WaitingItem) -> String {
        let verb: String
        switch item.remedy {
        case .resolve(let aid): verb = "kel fetch \(name(of: aid))"
        case .publish(let aid): verb = "id publish \(name(of: aid))"
        case .sign: verb = "id import FILE"
        case .approveDelegate(let aid, _): verb = "id approve \(name(of: aid))"
        case .requestApproval(let aid, _): verb = "id request \(name(of: aid)) --wait 60"
        case .decideGroupEvent(_, let said): verb = "id multisig approve \(said)"
        case .resumeGroup(let aid): verb = "id multisig resume \(name(of: aid)) --wait 60"
        case .followGroup(let aid): verb = "id multisig follow \(name(of: aid))"
        case .resumeRegistry: verb = "registry resume"
        case .refreshCredential(let said): verb = "credential refresh \(said)"
        case .resolveSchema(let said): verb = "schema resolve http://HOST/oobi/\(said)"
        case .importCredential: verb = "credential import FILE"
        case .inspect(let aid): verb = "kel show \(name(of: aid))"
        case .wait: verb = "mail fetch --wait 60"
        }
        return "\(Product.command) \(verb)"
    }
}
