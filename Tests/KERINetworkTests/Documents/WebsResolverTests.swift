// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import Synchronization
import Testing

@testable import KERINetwork

/// Publishing a `did:webs` and resolving it again, and what is refused on the way.
struct WebsResolverTests {
    /// A web server that shows one publication.
    private struct Site {
        let clock = WatchClock()
        let network = WatchedNetwork()
        let controller: WatchedController
        let webs: WebsIdentifier
        let publication: DIDPublication

        init(_ events: (inout WatchedController) throws -> Void = { _ in }) throws {
            let witnesses = try WatchedController.witnesses(2)
            var controller = try WatchedController("a", keys: 2, witnesses: witnesses, threshold: 1)
            try events(&controller)
            self.controller = controller
            webs = try #require(WebsIdentifier(host: "site.test", port: 8443, path: ["ids"], aid: controller.aid))
            let store = MemoryKeyEventStore()
            var stream = StreamProcessor(EventProcessor(store: store))
            let location = try witnesses[0].reply(
                "/loc/scheme",
                ["eid": .text(witnesses[0].watchedAID.text), "scheme": "http", "url": "http://w0.test:5642/"],
                dated: clock.now())
            try stream.process(controller.log(receiptedBy: [0, 1]) + location, now: clock.now())
            publication = try DIDPublication(webs, from: store)
            show()
        }

        func show(document: [UInt8]? = nil, log: [UInt8]? = nil) {
            let (document, log) = (document ?? publication.didJSON, log ?? publication.keriCESR)
            network.set("site.test") { request in
                switch request.target.split(separator: "/").last {
                case "did.json": .answer(200, document)
                case "keri.cesr": .answer(200, log)
                default: .answer(404, [])
                }
            }
        }

        /// Shows the document with something changed.
        func show(_ edit: (inout OrderedMap) -> Void) throws {
            var map = try #require(
                try OrderedValue(parsingJSON: publication.didJSON.span, strictness: .interoperable).mapValue)
            edit(&map)
            show(document: try map.encoded(as: .json))
        }

        func fault(known: EventSeal? = nil) async -> DIDError.Code? {
            do throws(DIDError) {
                _ = try await WebsResolver(transport: network, clock: clock).resolve(webs, known: known)
                return nil
            } catch { return error.code }
        }
    }

    @Test func whatIsPublishedIsResolved() async throws {
        let site = try Site { _ = try $0.rotate() }
        let document = try await WebsResolver(transport: site.network, clock: site.clock).resolve(site.webs)
        #expect(document == site.publication.document)
        #expect(document.did == .webs(site.webs))
        #expect(document.asOf.sn.value == 1)
        #expect(document.content["service"]?.listValue?.count == 1)
        #expect(
            Set(site.network.asked) == [
                "site.test /ids/\(site.controller.aid)/did.json", "site.test /ids/\(site.controller.aid)/keri.cesr",
            ])
        // The file for the web is in the form of did:web.
        let map = try OrderedValue(parsingJSON: site.publication.didJSON.span, strictness: .interoperable)
        #expect(map["id"] == .text("did:web:site.test%3A8443:ids:\(site.controller.aid)"))
        #expect(map["alsoKnownAs"]?[0] == .text("did:webs:site.test%3A8443:ids:\(site.controller.aid)"))
    }

    /// Other spellings of the same content, as other publishers write it.
    @Test func spellingsAreNoMismatch() async throws {
        let site = try Site()
        try site.show { map in
            for member in ["id", "controller"] { map[member] = map[member].map { Self.respelt($0) } }
            map["verificationMethod"] = .list((map["verificationMethod"]?.listValue ?? []).reversed())
            map["authentication"] = nil
            map["assertionMethod"] = nil
            map["controller"] = nil
            map["@context"] = ["https://www.w3.org/ns/did/v1"]
            map["alsoKnownAs"] = [.text("did:web:elsewhere.test:\(site.controller.aid)")]
        }
        #expect(await site.fault() == nil)
    }

    private static func respelt(_ value: OrderedValue) -> OrderedValue {
        value.textValue.map { .text($0.replacing("%3A", with: "%3a")) } ?? value
    }

    @Test func mismatchesAreRefused() async throws {
        let site = try Site()
        let stranger = try WatchedController("stranger").keys[0].verificationKey
        let edits: [(String, (inout OrderedMap) -> Void)] = [
            ("id", { $0["id"] = "did:web:evil.test:\(site.controller.aid)" }),
            ("no id", { $0["id"] = nil }),
            ("controller", { $0["controller"] = .text("did:web:evil.test:\(site.controller.aid)") }),
            ("no methods", { $0["verificationMethod"] = nil }),
            ("methods no list", { $0["verificationMethod"] = "x" }),
            (
                "another key",
                { map in
                    map["verificationMethod"] = map["verificationMethod"]?.listValue.map { list in
                        .list(list + [["id": .text("#\(stranger)"), "type": "JsonWebKey"]])
                    }
                }
            ),
            (
                "a lower threshold",
                { map in
                    map["verificationMethod"] = map["verificationMethod"]?.listValue.map { list in
                        .list(
                            list.map { method in
                                var method = method
                                if method["threshold"] != nil { method["threshold"] = 1 }
                                return method
                            })
                    }
                }
            ),
            ("authentication", { $0["authentication"] = [.text("#\(site.controller.keys[0].verificationKey)")] }),
            ("assertionMethod", { $0["assertionMethod"] = [] }),
            ("no service", { $0["service"] = [] }),
            (
                "another service",
                {
                    $0["service"] = [
                        ["id": "#x", "type": "witness", "serviceEndpoint": ["http": "http://evil.test/"]]
                    ]
                }
            ),
            ("service no list", { $0["service"] = "x" }),
            ("alias of another", { $0["alsoKnownAs"] = ["did:web:evil.test:x"] }),
            ("aliases no list", { $0["alsoKnownAs"] = "x" }),
            ("unknown member", { $0["keyAgreement"] = [] }),
        ]
        for (name, edit) in edits {
            try site.show(edit)
            #expect(await site.fault() == .mismatch, "\(name)")
        }
    }

    @Test func logsAreVerified() async throws {
        let site = try Site { _ = try $0.interact("one") }
        let other = try WatchedController("b").log(receiptedBy: [])
        for log in [[], Array("junk".utf8), other] {
            site.show(log: log)
            #expect(await site.fault() == .logRefused)
        }
        // Without receipts the log is not accepted.
        site.show(log: try site.controller.log(receiptedBy: []))
        #expect(await site.fault() == .logRefused)
        var fork = try WatchedController("a", keys: 2, witnesses: site.controller.witnesses, threshold: 1)
        try fork.interact("other")
        site.show(log: site.publication.keriCESR + (try fork.log(receiptedBy: [0])))
        #expect(await site.fault() == .duplicitous)
    }

    @Test func outdatedLogsAreRefused() async throws {
        let site = try Site { _ = try $0.interact("one") }
        var later = site.controller
        let known = EventSeal(aid: later.aid, sn: later.state.sn, said: later.state.said)
        #expect(await site.fault(known: known) == nil)
        let other = EventSeal(aid: later.aid, sn: later.state.sn, said: later.events[0].event.said)
        #expect(await site.fault(known: other) == .outdated)
        try later.interact()
        let ahead = EventSeal(aid: later.aid, sn: later.state.sn, said: later.state.said)
        #expect(await site.fault(known: ahead) == .outdated)
    }

    @Test func serversThatDoNotServeAreNamed() async throws {
        let site = try Site()
        site.show(document: Array("[]".utf8))
        #expect(await site.fault() == .documentUnreadable)
        site.show(document: Array("{".utf8))
        #expect(await site.fault() == .documentUnreadable)
        site.network.set("site.test") { _ in .answer(404, []) }
        #expect(await site.fault() == .notPublished)
        site.network.set("site.test") { _ in .answer(301, []) }
        #expect(await site.fault() == .notPublished)
        site.network.set("site.test") { _ in .fails(.insecure) }
        #expect(await site.fault() == .unreachable)
        site.network.set("site.test") { _ in .answer(200, [UInt8](repeating: 0x20, count: (1 << 20) + 1)) }
        #expect(await site.fault() == .unreachable)
    }

    @Test func privateServersAreNotAskedUnlessAllowed() async throws {
        let site = try Site()
        let local = try #require(WebsIdentifier(host: "127.0.0.1", aid: site.controller.aid))
        await #expect(throws: DIDError.self) {
            try await WebsResolver(transport: site.network, clock: site.clock).resolve(local)
        }
        #expect(site.network.asked.isEmpty)
        _ = try? await WebsResolver(transport: site.network, clock: site.clock, allowsPrivateAddresses: true)
            .resolve(local)
        #expect(site.network.asked.count == 2)
    }

    @Test func delegatedLogsCarryTheDelegators() async throws {
        var boss = try WatchedController("boss")
        let delegate = try WatchedController("d", delegator: boss.aid)
        let seal = try boss.interact(delegate.latest.event.seal.value)
        let store = MemoryKeyEventStore()
        let clock = WatchClock()
        var stream = StreamProcessor(EventProcessor(store: store))
        let source = SealSource(sn: seal.event.sn, said: seal.event.said)
        try stream.process(
            boss.log(receiptedBy: [])
                + WatchedController.message(delegate.latest, [], receiptedBy: [], source: source), now: clock.now())
        let webs = try #require(WebsIdentifier(host: "site.test", aid: delegate.aid))
        let publication = try DIDPublication(webs, from: store)
        let derived = try WebsResolver(transport: WatchedNetwork(), clock: clock)
            .derive(webs, publication.keriCESR, known: nil)
        #expect(derived == publication.document)
        #expect(throws: DIDError.self) {
            try DIDPublication(
                try #require(WebsIdentifier(host: "site.test", aid: try WatchedController("x").aid)), from: store)
        }
    }
}
