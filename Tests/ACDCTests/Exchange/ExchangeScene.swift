// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import KelmarkTestSupport

@testable import ACDC

/// Messages of an exchange between two AIDs that nobody signs.
struct ExchangeScene {
    let issuer = Self.aid("issuer")
    let holder = Self.aid("holder")
    let stranger = Self.aid("stranger")
    let schema = Self.said("schema")
    static let now = Timestamp(seconds: 1_750_000_000)

    static func said(_ text: String) -> SAID {
        let digest = DigestAlgorithm.blake3_256.digest(Array(text.utf8).span)
        return SAID(try! Primitive(code: .blake3_256, raw: digest))!
    }

    static func aid(_ text: String) -> AID { AID(said(text).text)! }

    /// A credential of the form of keripy 1.x.
    func credential(
        by issuer: AID? = nil, to issuee: AID?, schema: SAID? = nil, note: String = "x", isCompact: Bool = false
    ) throws -> DisclosedCredential {
        var attributes: OrderedMap = ["d": ""]
        if let issuee { attributes["i"] = .text(issuee.text) }
        attributes["dt"] = .text(Self.now.description)
        attributes["note"] = .text(note)
        try SelfAddressing.seal(&attributes)
        var map: OrderedMap = [
            "v": "ACDC10JSON000000_", "d": "", "i": .text((issuer ?? self.issuer).text),
            "ri": .text(Self.said("registry").text), "s": .text((schema ?? self.schema).text),
            "a": isCompact ? attributes["d"] ?? .null : .map(attributes),
        ]
        let body = try SelfAddressing.seal(&map, version: true)
        return try DisclosedCredential(EmbeddedPart(message: body))
    }

    func grant(_ credential: DisclosedCredential) -> CredentialExchange.Content {
        .grant(CredentialGrant(credential: credential, issuance: nil, anchor: nil))
    }

    func message(
        _ content: CredentialExchange.Content, from sender: AID, to recipient: AID,
        answering prior: SAID? = nil, note: String = ""
    ) throws -> CredentialExchange {
        try Self.read(
            CredentialExchangeBuilder.draft(
                content, from: sender, to: recipient, answering: prior, note: note, dated: Self.now))
    }

    static func read(_ draft: CredentialExchangeBuilder.Draft) throws -> CredentialExchange {
        var attachments = Attachments()
        attachments.pathedGroups = draft.groups
        return try read(draft.body, attachments)
    }

    static func read(_ body: [UInt8], _ attachments: Attachments = Attachments()) throws -> CredentialExchange {
        var parser = MessageParser()
        guard case .exchange(let exchange) = try parser.parse(body.span, format: .json) else {
            throw ExchangeRefusal.malformed
        }
        return try CredentialExchange(exchange, attachments)
    }

    /// A body whose members were changed after it was written; its digest is made anew.
    static func changed(_ body: [UInt8], _ change: (inout OrderedMap) -> Void) throws -> [UInt8] {
        var map = try OrderedValue(parsing: body.span, format: .json).mapValue!
        change(&map)
        return try SelfAddressing.seal(&map, version: true)
    }
}
