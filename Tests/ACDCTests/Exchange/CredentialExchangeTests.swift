// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import Testing

@testable import ACDC

struct CredentialExchangeTests {
    let scene = ExchangeScene()

    @Test(arguments: [false, true])
    func readsWhatItWrites(hasRecipientMember: Bool) throws {
        let credential = try scene.credential(to: scene.holder)
        let prior = ExchangeScene.said("prior")
        let contents: [(CredentialExchange.Content, SAID?)] = [
            (.apply(schema: scene.schema, attributes: ["lei": "x"]), nil), (.offer(credential), prior), (.agree, prior),
            (scene.grant(credential), nil), (.admit, prior), (.spurn, prior),
        ]
        #expect(contents.map(\.0.kind) == CredentialExchangeKind.allCases)
        for (content, prior) in contents {
            let draft = try CredentialExchangeBuilder.draft(
                content, from: scene.issuer, to: scene.holder, answering: prior, note: "é",
                hasRecipientMember: hasRecipientMember, dated: ExchangeScene.now)
            let message = try ExchangeScene.read(draft)
            #expect(message.content == content)
            #expect(message.note == "é")
            #expect(message.sender == scene.issuer)
            #expect(message.recipient == scene.holder)
            #expect(message.prior == prior)
            let text = String(decoding: draft.body, as: UTF8.self)
            #expect(text.contains("\"rp\":") == hasRecipientMember)
        }
    }

    @Test func readsTheGroupsOfEachEmbed() throws {
        var inner = Attachments()
        inner.sealSourceTriples = [
            SealSourceTriple(prefix: ExchangeScene.said("c").primitive, sn: 0, said: ExchangeScene.said("i").primitive)
        ]
        let bare = try scene.credential(to: scene.holder)
        let credential = try DisclosedCredential(
            EmbeddedPart(message: bare.part.body + inner.encoded(in: .text)))
        let message = try scene.message(scene.grant(credential), from: scene.issuer, to: scene.holder)
        #expect(message.credential?.part == credential.part)
        #expect(try message.credential?.part.attachments == inner.encoded(in: .text))
    }

    @Test(arguments: ["m", "s", "a"])
    func refusesAnApplicationThatLacksAMember(_ label: String) throws {
        let draft = try CredentialExchangeBuilder.draft(
            .apply(schema: scene.schema, attributes: [:]), from: scene.holder, to: scene.issuer,
            dated: ExchangeScene.now)
        let body = try ExchangeScene.changed(draft.body) { $0["a"]?[label] = nil }
        #expect(throws: ExchangeRefusal.malformed) { try ExchangeScene.read(body) }
    }

    @Test func refusesWordsWithoutEnd() throws {
        #expect(throws: ExchangeRefusal.malformed) {
            try scene.message(
                .admit, from: scene.holder, to: scene.issuer, answering: ExchangeScene.said("p"),
                note: String(repeating: "m", count: 4097))
        }
    }

    @Test func refusesARecipientThatIsNoneOrTwo() throws {
        let draft = try CredentialExchangeBuilder.draft(
            .admit, from: scene.holder, to: scene.issuer, answering: ExchangeScene.said("p"), hasRecipientMember: true,
            dated: ExchangeScene.now)
        let nobody = try ExchangeScene.changed(draft.body) { $0["a"]?["i"] = "bob" }
        #expect(throws: ExchangeRefusal.malformed) { try ExchangeScene.read(nobody) }
        let two = try ExchangeScene.changed(draft.body) { $0["a"]?["i"] = .text(scene.stranger.text) }
        #expect(throws: ExchangeRefusal.wrongRecipient) { try ExchangeScene.read(two) }
        let one = try ExchangeScene.changed(draft.body) { $0["a"]?["i"] = nil }
        #expect(try ExchangeScene.read(one).recipient == scene.issuer)
    }

    @Test func refusesEmbedsUnderAnotherDigest() throws {
        let draft = try CredentialExchangeBuilder.draft(
            scene.grant(scene.credential(to: scene.holder)), from: scene.issuer, to: scene.holder,
            dated: ExchangeScene.now)
        let body = try ExchangeScene.changed(draft.body) { $0["e"]?["d"] = .text(scene.schema.text) }
        #expect(throws: ExchangeRefusal.forgedEmbeds) { try ExchangeScene.read(body) }
        let without = try ExchangeScene.changed(draft.body) { $0["e"]?["d"] = nil }
        #expect(throws: ExchangeRefusal.malformed) { try ExchangeScene.read(without) }
    }

    @Test(arguments: [CredentialExchangeKind.apply, .agree, .admit, .spurn])
    func refusesEmbedsWhereNoneBelong(_ kind: CredentialExchangeKind) throws {
        let draft = try CredentialExchangeBuilder.draft(
            .apply(schema: scene.schema, attributes: [:]), from: scene.holder, to: scene.issuer,
            dated: ExchangeScene.now)
        let body = try ExchangeScene.changed(draft.body) { map in
            map["r"] = .text(kind.route)
            var embeds: OrderedMap = ["d": ""]
            _ = try? SelfAddressing.seal(&embeds)
            map["e"] = .map(embeds)
        }
        #expect(throws: ExchangeRefusal.malformed) { try ExchangeScene.read(body) }
    }

    @Test func refusesUnknownAndMissingEmbeds() throws {
        let credential = try scene.credential(to: scene.holder)
        let draft = try CredentialExchangeBuilder.draft(
            scene.grant(credential), from: scene.issuer, to: scene.holder, dated: ExchangeScene.now)
        for embeds in [["other": try credential.part.value(), "d": ""], ["d": ""]] as [OrderedMap] {
            var embeds = embeds
            if embeds.count > 1 { embeds["acdc"] = try credential.part.value() }
            embeds["d"] = nil
            try SelfAddressing.seal(&embeds)
            let body = try ExchangeScene.changed(draft.body) { $0["e"] = .map(embeds) }
            #expect(throws: ExchangeRefusal.malformed) { try ExchangeScene.read(body) }
        }
    }

    @Test func refusesAnEmbedThatIsNoMessageOfItsSize() throws {
        let credential = try scene.credential(to: scene.holder)
        let draft = try CredentialExchangeBuilder.draft(
            scene.grant(credential), from: scene.issuer, to: scene.holder, dated: ExchangeScene.now)
        func body(_ change: (inout OrderedMap) -> Void) throws -> [UInt8] {
            var map = try #require(try credential.part.value().mapValue)
            change(&map)
            var embeds: OrderedMap = ["acdc": .map(map)]
            try SelfAddressing.seal(&embeds)
            return try ExchangeScene.changed(draft.body) { $0["e"] = .map(embeds) }
        }
        for text in ["ACDC10JSON000001_", "ACDC10CBOR000100_", "no version"] {
            let bad = try body { $0["v"] = .text(text) }
            #expect(throws: ExchangeRefusal.badEmbed) { try ExchangeScene.read(bad) }
        }
        for label in ["d", "i", "s"] {
            let bad = try body { map in
                map[label] = nil
                _ = try? SelfAddressing.seal(&map, labels: label == "d" ? [] : ["d"], version: true)
            }
            #expect(throws: ExchangeRefusal.badEmbed, "\(label)") { try ExchangeScene.read(bad) }
        }
    }

    @Test func refusesTwoGroupsUnderOnePath() throws {
        let draft = try CredentialExchangeBuilder.draft(
            scene.grant(scene.credential(to: scene.holder)), from: scene.issuer, to: scene.holder,
            dated: ExchangeScene.now)
        let path = try FieldPath(["e", "acdc"]).primitive.encoded(in: .text)
        var attachments = Attachments()
        attachments.pathedGroups = [
            PathedGroup(domain: .text, content: path), PathedGroup(domain: .text, content: path),
        ]
        #expect(throws: ExchangeRefusal.badEmbed) { try ExchangeScene.read(draft.body, attachments) }
    }

    @Test func refusesTooLargeMessages() throws {
        #expect(throws: ExchangeRefusal.tooLarge) {
            try scene.message(
                .apply(
                    schema: scene.schema, attributes: ["x": .text(String(repeating: "x", count: 1 << 20))]),
                from: scene.holder, to: scene.issuer)
        }
    }

    @Test func looksWhetherThePartsOfAGrantBelongTogether() throws {
        let credential = try scene.credential(to: scene.holder)
        let other = try scene.credential(to: scene.holder, note: "other")
        func issuance(of said: SAID, in registry: String = "registry") throws -> EmbeddedPart {
            let state = RegistryState(
                registry: ExchangeScene.said(registry), issuer: scene.issuer, sn: .zero,
                event: ExchangeScene.said("registry"), isBackerless: true, backers: [], backerThreshold: 0,
                anchor: SealSource(sn: .zero, said: ExchangeScene.said("anchor")))
            return try EmbeddedPart(
                message: RegistryEventBuilder.issuance(of: said, in: state, dated: ExchangeScene.now).bytes)
        }
        let good = CredentialGrant(
            credential: credential, issuance: try issuance(of: credential.said), anchor: nil)
        #expect(throws: Never.self) { try good.check() }
        #expect(good.parts.count == 2)
        let foreign = CredentialGrant(credential: credential, issuance: try issuance(of: other.said), anchor: nil)
        #expect(throws: ExchangeRefusal.badEmbed) { try foreign.check() }
        let swapped = CredentialGrant(
            credential: credential, issuance: credential.part, anchor: try issuance(of: credential.said))
        #expect(throws: ExchangeRefusal.badEmbed) { try swapped.check() }
        let anchored = CredentialGrant(
            credential: credential, issuance: nil, anchor: try issuance(of: credential.said))
        #expect(throws: ExchangeRefusal.badEmbed) { try anchored.check() }
        let elsewhere = CredentialGrant(
            credential: credential, issuance: try issuance(of: credential.said, in: "another"), anchor: nil)
        #expect(throws: ExchangeRefusal.badEmbed) { try elsewhere.check() }
    }

    @Test func looksWhetherTheEventOfAGrantSealsTheIssuance() throws {
        let credential = try scene.credential(to: scene.holder)
        let state = RegistryState(
            registry: ExchangeScene.said("registry"), issuer: scene.issuer, sn: .zero,
            event: ExchangeScene.said("registry"), isBackerless: true, backers: [], backerThreshold: 0,
            anchor: SealSource(sn: .zero, said: ExchangeScene.said("anchor")))
        let issuance = try RegistryEventBuilder.issuance(of: credential.said, in: state, dated: ExchangeScene.now)
        func grant(sealing said: SAID, by issuer: AID) throws -> CredentialGrant {
            var map: OrderedMap = [
                "v": "KERI10JSON000000_", "t": "ixn", "d": "", "i": .text(issuer.text), "s": "1",
                "p": .text(ExchangeScene.said("before").text),
                "a": [["i": .text(credential.said.text), "s": "0", "d": .text(said.text)]],
            ]
            return CredentialGrant(
                credential: credential, issuance: try EmbeddedPart(message: issuance.bytes),
                anchor: try EmbeddedPart(message: SelfAddressing.seal(&map, version: true)))
        }
        #expect(throws: Never.self) { try grant(sealing: issuance.said, by: scene.issuer).check() }
        #expect(throws: ExchangeRefusal.badEmbed) {
            try grant(sealing: ExchangeScene.said("other"), by: scene.issuer).check()
        }
        #expect(throws: ExchangeRefusal.badEmbed) {
            try grant(sealing: issuance.said, by: scene.stranger).check()
        }
    }
}
