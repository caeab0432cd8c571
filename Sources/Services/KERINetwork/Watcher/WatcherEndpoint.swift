// SPDX-License-Identifier: Apache-2.0

public import KERI
internal import KelmarkBytes
public import KelmarkCrypto

/// The watcher behind HTTP: what it follows, what it knows and how fresh, what it proved, and what happens.
///
/// | request | answer |
/// |---|---|
/// | GET `/status` | counts, and whether the loop runs |
/// | GET `/aids`, `/aids/{aid}` | whom it follows and what each witness shows |
/// | POST `/aids` `{"aid":…,"oobi":…}`, DELETE `/aids/{aid}` | changes of that; by the administrator only |
/// | GET `/ksn/{aid}` | ``WatcherStatement``, signed |
/// | GET `/duplicity`, `/duplicity/{aid}` | list; evidence, `?index=` for further ones |
/// | GET `/events?after=` | server-sent events from a cursor on, or JSON if asked for by `Accept` |
/// | GET `/oobi…` | the watcher's own introduction |
/// | GET `/livez`, `/readyz`, `/metrics` | for operators |
///
/// Errors are problem documents (RFC 9457).
public struct WatcherEndpoint<Store: KeyEventStore>: RequestHandler {
    /// What is served.
    public let watcher: Watcher<Store>
    /// Who signs.
    public let identity: WatcherIdentity
    let access: WatcherAdminAccess
    let limits: WatcherStreamLimits
    let streams = StreamCounter()
    private let rate: RateLimiter

    /// Joins a watcher and its AID.
    ///
    /// - Parameters:
    ///   - watcher: what is served.
    ///   - identity: who signs.
    ///   - access: who may change what is followed.
    ///   - limits: bounds of event streams.
    ///   - rate: how often one source may ask; large answers count as several questions.
    public init(
        _ watcher: Watcher<Store>, identity: WatcherIdentity, access: WatcherAdminAccess = .loopback,
        limits: WatcherStreamLimits = WatcherStreamLimits(), rate: RequestRate = RequestRate()
    ) {
        self.watcher = watcher
        self.identity = identity
        self.access = access
        self.limits = limits
        self.rate = RateLimiter(rate)
    }

    /// As the protocol says.
    public func respond(to request: ServiceRequest) async -> ServiceResponse {
        let isProbe = ["/livez", "/readyz"].contains(request.path)
        guard isProbe || rate.admits(request.source, at: watcher.clock.now()) else {
            return .problem(429, "\(request.source) asks too often")
        }
        let response = await answer(request)
        if case .bytes(let bytes) = response.body {
            rate.charge(request.source, bytes: bytes.count, at: watcher.clock.now())
        }
        return response
    }

    private func answer(_ request: ServiceRequest) async -> ServiceResponse {
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        guard request.path.hasPrefix("/"), let first = parts.first else { return .problem(404, "no such resource") }
        let rest = Array(parts.dropFirst())
        switch (first, rest.count) {
        case ("aids", 0):
            switch request.method {
            case "GET", "HEAD": return aids(request)
            case "POST": return add(request)
            default: return .notAllowed("GET, HEAD, POST")
            }
        case ("aids", 1):
            guard let aid = AID(rest[0]) else { return .problem(400, "\(first) needs an AID") }
            switch request.method {
            case "GET", "HEAD": return show(aid)
            case "DELETE": return remove(aid, request)
            default: return .notAllowed("GET, HEAD, DELETE")
            }
        default: break
        }
        guard request.method == "GET" || request.method == "HEAD" else { return .notAllowed("GET, HEAD") }
        switch (first, rest.count) {
        case ("status", 0): return status()
        case ("ksn", 1): return await withAID(rest[0]) { await keyState(of: $0) }
        case ("duplicity", 0): return duplicities()
        case ("duplicity", 1): return await withAID(rest[0]) { evidence(about: $0, request) }
        case ("events", 0): return events(request)
        case ("oobi", 0...2): return introduction(rest)
        case (".well-known", 3) where rest[0] == "keri" && rest[1] == "oobi": return introduction([rest[2]])
        case ("livez", 0): return ServiceResponse(contentType: "text/plain", Array("ok\n".utf8))
        case ("readyz", 0): return readiness()
        case ("metrics", 0): return metrics()
        default: return .problem(404, "no such resource")
        }
    }

    private func withAID(_ text: String, _ body: (AID) async -> ServiceResponse) async -> ServiceResponse {
        guard let aid = AID(text) else { return .problem(400, "that is no AID") }
        return await body(aid)
    }

    // MARK: What is followed

    private func aids(_ request: ServiceRequest) -> ServiceResponse {
        var limit = 1000
        if let text = request.parameter("limit") {
            guard let asked = Int(text), (1...1000).contains(asked) else { return .problem(400, "limit is 1 to 1000") }
            limit = asked
        }
        let after = request.parameter("after").flatMap { AID($0) }
        let all = watcher.identifiers.filter { one in after.map { $0 < one.aid } ?? true }
        let page = all.prefix(limit)
        var answer: OrderedMap = ["aids": .list(page.map { .map(record(of: $0)) })]
        if all.count > page.count, let last = page.last { answer["after"] = .text(last.aid.text) }
        return .document(200, answer)
    }

    private func show(_ aid: AID) -> ServiceResponse {
        guard let found = watcher.identifiers.first(where: { $0.aid == aid }) else {
            return .problem(404, "\(aid) is not followed")
        }
        return .document(200, record(of: found))
    }

    private func record(of identifier: WatchedIdentifier) -> OrderedMap {
        let state = try? watcher.keyState(of: identifier.aid)
        let accused = watcher.duplicities(about: identifier.aid).contains { $0.accusesController(of: identifier.aid) }
        var map: OrderedMap = [
            "aid": .text(identifier.aid.text), "since": .text(identifier.since.description),
            "sn": state.map { .text($0.sn.hex) } ?? .null, "said": state.map { .text($0.said.text) } ?? .null,
            "duplicitous": .boolean(accused),
            "introductions": .list(identifier.introductions.map { .text($0.description) }),
        ]
        var sources: [(String, OrderedMap)] = []
        for (source, view) in watcher.views(of: identifier.aid) {
            let name = source.witness?.text ?? ""
            var shown: OrderedMap = [
                "witness": source.witness.map { .text($0.text) } ?? .null,
                "condition": .text(view.condition.rawValue),
                "heard": view.heardAt.map { .text($0.description) } ?? .null,
                "sn": view.sn.map { .text($0.hex) } ?? .null, "said": view.said.map { .text($0.text) } ?? .null,
            ]
            if let fault = view.fault { shown["fault"] = .text(fault) }
            if case .introduction(let url) = source { shown["url"] = .text(url.description) }
            sources.append((name, shown))
        }
        map["sources"] = .list(sources.sorted { $0.0 < $1.0 }.map { .map($0.1) })
        return map
    }

    private func add(_ request: ServiceRequest) -> ServiceResponse {
        if let refusal = refusal(of: request) { return refusal }
        // Also what keeps pages of other origins from posting here through a browser.
        guard request.header("content-type")?.lowercased().hasPrefix("application/json") == true else {
            return .problem(415, "the body must be application/json")
        }
        guard request.body.count <= 16_384,
            let map = (try? OrderedValue(parsingJSON: request.body.span, strictness: .interoperable))?.mapValue,
            let aid = map.aid("aid"), map.labels.allSatisfy({ ["aid", "oobi"].contains($0) })
        else { return .problem(400, "the body is {\"aid\": AID, \"oobi\": URL}") }
        var urls: [PeerURL] = []
        if let member = map["oobi"] {
            guard let text = member.textValue, let url = PeerURL(text) else {
                return .problem(400, "oobi is no URL that can be asked")
            }
            urls = [url]
        }
        do {
            let isNew = try watcher.add(aid, introducedBy: urls)
            guard let found = watcher.identifiers.first(where: { $0.aid == aid }) else {
                return .problem(500, "it was not kept")
            }
            var answer = ServiceResponse.document(isNew ? 201 : 200, record(of: found))
            if isNew { answer.headers.append(("Location", "/aids/\(aid)")) }
            return answer
        } catch let error as WatcherError {
            return .problem(error.code == .full ? 409 : 400, error.detail, code: error.code.rawValue)
        } catch { return .problem(500, "it can't be kept now") }
    }

    private func remove(_ aid: AID, _ request: ServiceRequest) -> ServiceResponse {
        if let refusal = refusal(of: request) { return refusal }
        do {
            return try watcher.remove(aid)
                ? ServiceResponse(status: 204) : .problem(404, "\(aid) is not followed")
        } catch { return .problem(500, "the change can't be kept now") }
    }

    /// Why a change is not allowed; nil when it is.
    private func refusal(of request: ServiceRequest) -> ServiceResponse? {
        switch access {
        case .loopback:
            return Self.isLoopback(request.source) ? nil : .problem(403, "only from this machine")
        case .token(let secret):
            let prefix = "Bearer "
            guard let header = request.header("authorization"), header.hasPrefix(prefix) else {
                var answer = ServiceResponse.problem(401, "a token is needed")
                answer.headers.append(("WWW-Authenticate", "Bearer"))
                return answer
            }
            let shown = Array(header.dropFirst(prefix.count).utf8)
            let isRight = secret.withBytes { (bytes: Span<UInt8>) in constantTimeEquals(bytes, shown.span) }
            return isRight ? nil : .problem(403, "the token is wrong")
        }
    }

    static func isLoopback(_ source: String) -> Bool {
        let plain = source.hasPrefix("::ffff:") ? String(source.dropFirst(7)) : source
        if plain == "::1" { return true }
        let parts = plain.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

/// Who may change what a watcher follows.
public enum WatcherAdminAccess: Sendable {
    /// Whoever connects from this machine.
    case loopback
    /// Whoever shows this secret as `Authorization: Bearer …`.
    case token(SecretBytes)
}
