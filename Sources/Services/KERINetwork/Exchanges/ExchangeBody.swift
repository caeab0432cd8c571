// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

/// The two forms in which peers read exchange messages (facts 11.1).
public enum ExchangeForm: Sendable, Hashable, CaseIterable {
    /// With the member `rp`, as keripy 1.2 and later write it; 1.1 refuses it.
    case withRecipient
    /// Without it, as keripy 1.1 writes it; 1.2.13 reads it too.
    case withoutRecipient
}

/// Bodies of exchange messages in both forms; `MessageBuilder` knows the later one only.
enum ExchangeBody {
    /// A body that names no recipient and answers nothing.
    static func bytes(
        from sender: AID, route: String, modifiers: OrderedMap = [:], payload: OrderedMap = [:],
        embeds: OrderedMap = [:],
        form: ExchangeForm, dated: Timestamp
    ) throws -> [UInt8] {
        var embeds = embeds
        if embeds.count > 0 {
            embeds["d"] = ""
            try SelfAddressing.seal(&embeds)
        }
        var map: OrderedMap = ["v": "KERI10JSON000000_", "t": "exn", "d": "", "i": .text(sender.text)]
        if form == .withRecipient { map["rp"] = "" }
        map["p"] = ""
        map["dt"] = .text(dated.description)
        map["r"] = .text(route)
        map["q"] = .map(modifiers)
        map["a"] = .map(payload)
        map["e"] = .map(embeds)
        return try SelfAddressing.seal(&map, version: true)
    }
}

extension Controller {
    /// What shows that this AID sent an exchange message: its signatures, and the attachments of embedded messages under
    /// their labels (facts 11.1).
    func proof(
        of exchange: [UInt8], embedding embeds: [(label: String, attachments: [UInt8])] = []
    ) async throws -> [UInt8] {
        let state = try keyState()
        var groups = Attachments()
        groups.transferableGroups = [
            TransferableSignatureGroup(
                prefix: state.aid.primitive, sn: state.establishmentSn.value, said: state.establishmentSAID.primitive,
                signatures: try await sign(exchange))
        ]
        groups.pathedGroups = try embeds.map { embed in
            let path = try FieldPath(["e", embed.label]).primitive
            return PathedGroup(domain: .text, content: path.encoded(in: .text) + embed.attachments)
        }
        return try groups.encoded(in: .text)
    }
}
