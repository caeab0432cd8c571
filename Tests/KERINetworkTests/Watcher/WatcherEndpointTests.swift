// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERINetwork

/// The watcher behind HTTP: every resource, its errors, and who may change what.
struct WatcherEndpointTests {
    private let scene: WatchScene
    private let controller: WatchedController
    private let endpoint: WatcherEndpoint<MemoryKeyEventStore>

    init() async throws {
        scene = try WatchScene()
        controller = try WatchedController("a", witnesses: scene.witnesses, threshold: 2)
        try scene.showEverywhere(controller)
        let identity = try await WatcherIdentity(
            signer: WatchedController.key("watcher", isTransferable: false).signingKey,
            urls: [try #require(PeerURL("http://watcher.test:5700/"))], now: scene.clock.now())
        endpoint = WatcherEndpoint(
            scene.watcher, identity: identity, limits: WatcherStreamLimits(total: 2, perSource: 1))
    }

    private func get(
        _ path: String, query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        method: String = "GET", body: [UInt8] = [], source: String = "192.0.2.1",
        of endpoint: WatcherEndpoint<MemoryKeyEventStore>? = nil
    ) async -> ServiceResponse {
        await (endpoint ?? self.endpoint).respond(
            to: ServiceRequest(method: method, path: path, query: query, headers: headers, body: body, source: source))
    }

    private func bytes(_ response: ServiceResponse) -> [UInt8] {
        guard case .bytes(let bytes) = response.body else { return [] }
        return bytes
    }

    private func map(_ response: ServiceResponse) throws -> OrderedMap {
        let bytes = bytes(response)
        return try #require(try OrderedValue(parsingJSON: bytes.span, strictness: .interoperable).mapValue)
    }

    private func post(
        _ body: String, source: String = "127.0.0.1", type: String = "application/json",
        token: String? = nil, of endpoint: WatcherEndpoint<MemoryKeyEventStore>? = nil
    ) async -> ServiceResponse {
        var headers = [(name: "content-type", value: type)]
        if let token { headers.append((name: "authorization", value: token)) }
        return await get(
            "/aids", headers: headers, method: "POST", body: Array(body.utf8), source: source, of: endpoint)
    }

    private func follow() async throws {
        try scene.watcher.add(controller.aid, introducedBy: [scene.url(controller.aid, by: 0)])
        await scene.watcher.poll(controller.aid)
    }

    /// A fork that the watcher has proof of.
    private func fork() async throws {
        var (one, other) = (controller, controller)
        try one.interact("one")
        try other.interact("other")
        try scene.show(0, one.log(receiptedBy: [0, 1, 2]))
        try scene.show(1, other.log(receiptedBy: [0, 1]))
        await scene.watcher.poll(controller.aid)
    }

    // MARK: Changes

    @Test func aidsAreAddedShownAndRemoved() async throws {
        let url = try scene.url(controller.aid, by: 0)
        let body = #"{"aid":"\#(controller.aid)","oobi":"\#(url)"}"#
        let made = await post(body)
        #expect(made.status == 201)
        #expect(made.headers.contains { $0.name == "Location" && $0.value == "/aids/\(controller.aid)" })
        #expect(await post(body).status == 200)
        await scene.watcher.poll(controller.aid)
        let list = try map(await get("/aids"))
        let shown = try #require(list["aids"]?[0]?.mapValue)
        #expect(shown["aid"]?.textValue == controller.aid.text)
        #expect(shown["sn"]?.textValue == "0")
        #expect(shown["duplicitous"]?.booleanValue == false)
        #expect(shown["sources"]?.listValue?.count == 4)
        #expect(try map(await get("/aids/\(controller.aid)")) == shown)
        let removed = await get("/aids/\(controller.aid)", method: "DELETE", source: "::1")
        #expect(removed.status == 204)
        #expect(await get("/aids/\(controller.aid)", method: "DELETE", source: "::1").status == 404)
        #expect(await get("/aids/\(controller.aid)").status == 404)
    }

    @Test(arguments: [
        "", "{", "[]", #"{"oobi":"http://w0.test/oobi"}"#, #"{"aid":"x"}"#, #"{"aid":7}"#,
        #"{"aid":"AID","oobi":7}"#, #"{"aid":"AID","oobi":"ftp://w0.test/"}"#, #"{"aid":"AID"}"#,
        #"{"aid":"AID","oobi":"tcp://w0.test:1/"}"#, #"{"aid":"AID","oobi":"http://127.0.0.1/oobi"}"#,
        #"{"aid":"AID","oobi":"http://w0.test/oobi","more":1}"#,
    ])
    func badBodiesAreRefused(_ body: String) async throws {
        let response = await post(body.replacing("AID", with: controller.aid.text))
        #expect(response.status == 400)
        #expect(response.headers.contains { $0.value == "application/problem+json" })
        #expect(try map(response)["detail"]?.textValue?.isEmpty == false)
        #expect(scene.watcher.identifiers.isEmpty)
    }

    @Test func onlyTheAdministratorChanges() async throws {
        let body = #"{"aid":"\#(controller.aid)","oobi":"\#(try scene.url(controller.aid, by: 0))"}"#
        #expect(await post(body, source: "192.0.2.1").status == 403)
        #expect(await post(body, source: "127.0.0.1.evil").status == 403)
        #expect(await post(body, type: "text/plain").status == 415)
        #expect(await get("/aids/\(controller.aid)", method: "DELETE").status == 403)
        let secret = try SecretBytes(copying: Array("correct horse".utf8).span)
        let guarded = WatcherEndpoint(scene.watcher, identity: endpoint.identity, access: .token(secret))
        #expect(await post(body, of: guarded).status == 401)
        #expect(await post(body, token: "Basic correct horse", of: guarded).status == 401)
        #expect(await post(body, token: "Bearer correct", of: guarded).status == 403)
        #expect(await post(body, token: "Bearer correct horse!", of: guarded).status == 403)
        #expect(scene.watcher.identifiers.isEmpty)
        #expect(await post(body, source: "192.0.2.1", token: "Bearer correct horse", of: guarded).status == 201)
    }

    @Test func methodsAndPathsAreChecked() async throws {
        #expect(await get("/aids", method: "PUT").status == 405)
        #expect(await get("/aids/\(controller.aid)", method: "PUT").status == 405)
        #expect(await get("/status", method: "POST").status == 405)
        for path in ["", "/", "/nothing", "/ksn", "/ksn/a/b", "/oobi/a/b/c/d", "/.well-known/keri", "//aids"] {
            #expect(await get(path).status == 404, "\(path)")
        }
        for path in ["/ksn/x", "/duplicity/x", "/aids/x", "/oobi/x"] {
            #expect(await get(path).status == 400, "\(path)")
        }
        #expect(await get("/aids", query: [("limit", "0")]).status == 400)
        #expect(await get("/events", query: [("after", "x")]).status == 400)
        #expect(await get("/duplicity/\(controller.aid)", query: [("index", "-1")]).status == 400)
    }

    // MARK: What is known

    @Test func keyStatesAreSignedWithTheirFreshness() async throws {
        #expect(await get("/ksn/\(controller.aid)").status == 404)
        try await follow()
        let response = await get("/ksn/\(controller.aid)")
        #expect(response.status == 200)
        let statement = try WatcherStatement(bytes(response), by: endpoint.identity.aid, about: controller.aid)
        #expect(statement.latest.said == controller.state.said)
        #expect(Set(statement.heard.compactMap(\.witness)) == Set(scene.witnesses.map(\.watchedAID)))
        #expect(statement.heard.allSatisfy { $0.at == scene.clock.now() })
        #expect(statement.contradictions == 0)
        #expect(statement.isFresh(within: .seconds(10), at: scene.clock.now()))
        #expect(throws: QuorumReason.unsigned) {
            try WatcherStatement(bytes(response), by: scene.witnesses[0].watchedAID, about: controller.aid)
        }
        let other = try WatchedController("b").aid
        #expect(throws: QuorumReason.aboutAnother) {
            try WatcherStatement(bytes(response), by: endpoint.identity.aid, about: other)
        }
    }

    @Test func evidenceIsHandedOut() async throws {
        try await follow()
        #expect(await get("/duplicity/\(controller.aid)").status == 404)
        try await fork()
        let response = await get("/duplicity/\(controller.aid)")
        #expect(response.status == 200)
        let found = try VerifiedDuplicity(reading: bytes(response))
        #expect(found.accusesController(of: controller.aid))
        let list = try #require(try map(await get("/duplicity"))["duplicities"]?.listValue)
        #expect(list.count == scene.watcher.duplicities().count)
        for item in list {
            let path = try #require(item["evidence"]?.textValue)
            let parts = path.split(separator: "?")
            let index = try #require(parts.last?.split(separator: "=").last)
            let one = await get(String(parts[0]), query: [("index", String(index))])
            #expect(try VerifiedDuplicity(reading: bytes(one)).statement.accusedAID.text == item["accused"]?.textValue)
        }
        #expect(await get("/duplicity/\(controller.aid)", query: [("index", "99")]).status == 404)
        #expect(try map(await get("/aids/\(controller.aid)"))["duplicitous"]?.booleanValue == true)
    }

    @Test func theWatcherIntroducesItself() async throws {
        let aid = endpoint.identity.aid
        for path in ["/oobi", "/oobi/\(aid)", "/oobi/\(aid)/controller", "/.well-known/keri/oobi/\(aid)"] {
            let response = await get(path)
            #expect(response.status == 200, "\(path)")
            #expect(response.headers.contains { $0.name == "KERI-AID" && $0.value == aid.text })
            let store = MemoryKeyEventStore()
            var stream = StreamProcessor(EventProcessor(store: store))
            try stream.process(bytes(response), now: scene.clock.now())
            #expect(try store.read { $0.keyState(of: aid) } != nil)
            let url = try store.read { $0.reply(ReplyKey(route: "/loc/scheme", aid: aid, detail: "http")) }
            #expect(url?.value == "http://watcher.test:5700/")
        }
        #expect(await get("/oobi/\(controller.aid)").status == 404)
        #expect(await get("/oobi/\(aid)/witness").status == 404)
    }

    @Test func operatorsAreTold() async throws {
        #expect(await get("/livez").status == 200)
        #expect(await get("/readyz").status == 503)
        _ = scene.watcher.takeDue()
        #expect(await get("/readyz").status == 200)
        scene.clock.advance(by: .seconds(60))
        #expect(await get("/readyz").status == 503)
        try await follow()
        try await fork()
        let status = try map(await get("/status"))
        #expect(status["aids"]?.integerValue == 1)
        #expect(status["watcher"]?.textValue == endpoint.identity.aid.text)
        let text = String(decoding: bytes(await get("/metrics")), as: UTF8.self)
        #expect(text.contains("kelmark_watcher_aids 1\n"))
        #expect(text.contains("kelmark_watcher_events_total{kind=\"duplicity\"} "))
        #expect(text.contains("kelmark_watcher_answers_total{condition=\"even\"} "))
        #expect(text.hasSuffix("# EOF\n"))
    }

    // MARK: Events

    private func stream(_ response: ServiceResponse) throws -> AsyncStream<ServerSentEvent> {
        guard case .events(let stream) = response.body else { throw WatcherError(.request, "no stream") }
        return stream
    }

    @Test(.timeLimit(.minutes(1))) func eventsAreStreamedFromACursor() async throws {
        try await follow()
        let first = try #require(scene.watcher.journal.events(after: 0, limit: 1).first)
        let response = await get("/events", query: [("after", "0")])
        #expect(response.headers.contains { $0.value == "text/event-stream" })
        var events = try stream(response).makeAsyncIterator()
        #expect(await events.next()?.retry == 1000)
        let seen = try #require(await events.next())
        #expect(seen.id == String(first.id))
        #expect(seen.name == "key-state")
        #expect(seen.data?.contains(controller.aid.text) == true)
        // The next one is pushed when it happens.
        async let pushed = events.next()
        try await fork()
        #expect(await pushed?.name == "key-state")
        // Who comes back says where it was.
        let again = await get(
            "/events", headers: [(name: "last-event-id", value: String(first.id))], source: "192.0.2.2")
        var rest = try stream(again).makeAsyncIterator()
        _ = await rest.next()
        #expect(await rest.next()?.id == String(first.id + 1))
    }

    @Test(.timeLimit(.minutes(1))) func quietStreamsShowThatTheyLive() async throws {
        var events = try stream(await get("/events")).makeAsyncIterator()
        _ = await events.next()
        async let quiet = events.next()
        await scene.clock.someoneSleeps()
        scene.clock.advance(by: .seconds(15))
        #expect(await quiet == ServerSentEvent(retry: 1000))
    }

    @Test(.timeLimit(.minutes(1))) func streamsEndWhenTheReaderGoes() async throws {
        let events = try stream(await get("/events"))
        let reader = Task {
            var count = 0
            for await _ in events { count += 1 }
            return count
        }
        await scene.clock.someoneSleeps()
        reader.cancel()
        #expect(await reader.value == 1)
    }

    @Test func streamsAreBounded() async throws {
        var open: [ServiceResponse] = []
        open.append(await get("/events"))
        #expect(open[0].status == 200)
        #expect(await get("/events").status == 429)
        open.append(await get("/events", source: "192.0.2.2"))
        #expect(open[1].status == 200)
        #expect(await get("/events", source: "192.0.2.3").status == 429)
        open.removeFirst()
        #expect(await get("/events", source: "192.0.2.3").status == 200)
    }

    @Test func eventsAreReadByCursorToo() async throws {
        try await follow()
        let json = [(name: "accept", value: "application/json")]
        let all = try map(await get("/events", headers: json))
        #expect(all["events"]?.listValue?.count == 1)
        let cursor = try #require(all["cursor"]?.textValue)
        let none = try map(await get("/events", query: [("after", cursor)], headers: json))
        #expect(none["events"]?.listValue?.isEmpty == true)
        #expect(none["cursor"]?.textValue == cursor)
    }

    @Test func journalsForgetTheOldest() {
        let journal = WatchJournal(length: 2, now: Timestamp(seconds: -5))
        for _ in 0..<3 { journal.add(.stale, at: Timestamp(seconds: 0), aid: controller.aid) }
        let kept = journal.events(after: 0, limit: 10)
        #expect(kept.map(\.id) == [2, 3])
        #expect(journal.latest == 3)
    }
}
