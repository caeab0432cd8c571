// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

extension GroupProposal {
    /// The body of the exchange message that carries a copy of the event, byte for byte as keripy writes it.
    func exchange(from member: AID, form: ExchangeForm, dated: Timestamp) throws -> [UInt8] {
        let route = GroupRoute(event.kind)
        var payload: OrderedMap = [
            "gid": .text(event.aid.text), "smids": .list(signing.map { .text($0.text) }),
        ]
        if route != .interaction { payload["rmids"] = .list(rotation.map { .text($0.text) }) }
        if let delegator = event.delegator { payload["delegator"] = .text(delegator.text) }
        var embeds = OrderedMap()
        embeds[route.label] = try OrderedValue(parsing: event.bytes.span, format: event.format)
        // The same message goes to every member, so it names none as its recipient.
        return try ExchangeBody.bytes(
            from: member, route: route.rawValue, payload: payload, embeds: embeds, form: form, dated: dated)
    }

    /// What is attached to it: who signs the message, and the signatures of the event under its path.
    func attachments(signedBy seal: EventSeal, _ messageSignatures: [IndexedSignature]) throws -> [UInt8] {
        var inner = Attachments()
        inner.controllerSignatures = signatures
        let path = try FieldPath(["e", GroupRoute(event.kind).label]).primitive
        var attachments = Attachments()
        attachments.transferableGroups = [
            TransferableSignatureGroup(
                prefix: seal.aid.primitive, sn: seal.sn.value, said: seal.said.primitive,
                signatures: messageSignatures)
        ]
        attachments.pathedGroups = [
            PathedGroup(domain: .text, content: path.encoded(in: .text) + (try inner.encoded(in: .text)))
        ]
        return try attachments.encoded(in: .text)
    }
}
