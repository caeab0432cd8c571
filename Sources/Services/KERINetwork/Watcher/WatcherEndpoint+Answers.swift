// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkBytes

extension WatcherEndpoint {
    // MARK: What is known

    func status() -> ServiceResponse {
        let found = watcher.duplicities()
        let answer: OrderedMap = [
            "watcher": .text(identity.aid.text), "now": .text(watcher.clock.now().description),
            "aids": OrderedValue(watcher.identifiers.count), "duplicities": OrderedValue(found.count),
            "cursor": .text(String(watcher.journal.latest)), "running": .boolean(isRunning),
        ]
        return .document(200, answer)
    }

    func keyState(of aid: AID) async -> ServiceResponse {
        guard watcher.identifiers.contains(where: { $0.aid == aid }) else {
            return .problem(404, "\(aid) is not followed")
        }
        guard let state = try? watcher.keyState(of: aid) else { return .problem(404, "no log of \(aid) is known yet") }
        let heard = watcher.views(of: aid).compactMap { source, view -> WatcherStatement.Heard? in
            guard let at = view.heardAt, let sn = view.sn, let said = view.said else { return nil }
            return WatcherStatement.Heard(witness: source.witness, sn: sn, said: said, at: at)
        }.sorted { ($0.witness?.text ?? "", $0.at) < ($1.witness?.text ?? "", $1.at) }
        do {
            let bytes = try await WatcherStatement.make(
                state, heard: heard, contradictions: watcher.duplicities(about: aid).count, by: identity,
                now: watcher.clock.now())
            return ServiceResponse(contentType: "application/json+cesr", bytes)
        } catch { return .problem(500, "the statement can't be signed now") }
    }

    func duplicities() -> ServiceResponse {
        let list = watcher.duplicities().map { found -> OrderedValue in
            let statement = found.statement
            var map: OrderedMap = [
                "accused": .text(statement.accusedAID.text),
                "role": .text(statement.accused == .controller ? "controller" : "witness"),
                "aid": .text(statement.aid.text), "sn": .text(statement.sn.hex),
                "events": [.text(statement.first.text), .text(statement.second.text)],
                "seen": .text(statement.seenAt.description),
            ]
            let index = watcher.duplicities(about: statement.aid).firstIndex(of: found) ?? 0
            map["evidence"] = .text("/duplicity/\(statement.aid)?index=\(index)")
            return .map(map)
        }
        return .document(200, ["duplicities": .list(list)])
    }

    /// Evidence about an AID. Without an index the first against its controller, else the first there is.
    func evidence(about aid: AID, _ request: ServiceRequest) -> ServiceResponse {
        let found = watcher.duplicities(about: aid)
        let chosen: VerifiedDuplicity?
        if let text = request.parameter("index") {
            guard let index = Int(text), index >= 0 else { return .problem(400, "index is a number from 0") }
            chosen = found.indices.contains(index) ? found[index] : nil
        } else {
            chosen = found.first { $0.accusesController(of: aid) } ?? found.first
        }
        guard let chosen else { return .problem(404, "there is no such evidence about \(aid)") }
        return ServiceResponse(
            status: 200,
            headers: [
                ("Content-Type", "application/cesr"),
                ("Content-Disposition", "attachment; filename=\"duplicity-\(aid).cesr\""),
            ], body: .bytes(chosen.bytes))
    }

    /// The watcher's own introduction (facts 9.4).
    func introduction(_ parts: [String]) -> ServiceResponse {
        if let text = parts.first {
            guard let aid = AID(text) else { return .problem(400, "that is no AID") }
            guard aid == identity.aid else { return .problem(404, "only this watcher is introduced here") }
        }
        guard parts.count < 2 || ["controller", "watcher"].contains(parts[1]) else {
            return .problem(404, "the watcher has no such role")
        }
        return ServiceResponse(
            status: 200, headers: [("Content-Type", "application/json+cesr"), ("KERI-AID", identity.aid.text)],
            body: .bytes(identity.inception + identity.locations))
    }

    // MARK: For operators

    /// Whether the loop looked for work not long ago.
    private var isRunning: Bool {
        guard let ticked = watcher.tickedAt else { return false }
        return watcher.clock.now() <= ticked.advanced(by: watcher.policy.tick * 4 + .seconds(5))
    }

    func readiness() -> ServiceResponse {
        guard isRunning else { return .problem(503, "the watcher does not ask") }
        return ServiceResponse(contentType: "text/plain", Array("ok\n".utf8))
    }

    func metrics() -> ServiceResponse {
        var text = ""
        func family(_ name: String, _ kind: String, _ help: String, _ samples: [(String, UInt64)]) {
            text += "# TYPE kelmark_watcher_\(name) \(kind)\n# HELP kelmark_watcher_\(name) \(help)\n"
            for (labels, value) in samples {
                text += "kelmark_watcher_\(name)\(kind == "counter" ? "_total" : "")\(labels) \(value)\n"
            }
        }
        family("aids", "gauge", "AIDs that are followed.", [("", UInt64(watcher.identifiers.count))])
        family("duplicities", "gauge", "Contradictions on record.", [("", UInt64(watcher.duplicities().count))])
        family("streams", "gauge", "Event streams that are open.", [("", UInt64(streams.total))])
        let answers = watcher.answers
        family(
            "answers", "counter", "Questions to witnesses, by what came of them.",
            WitnessView.Condition.allCases.filter { $0 != .untried }.map {
                ("{condition=\"\($0.rawValue)\"}", answers[$0] ?? 0)
            })
        let counts = watcher.journal.counts
        family(
            "events", "counter", "What was noticed, by kind.",
            WatchEvent.Kind.allCases.map { ("{kind=\"\($0.rawValue)\"}", counts[$0] ?? 0) })
        text += "# EOF\n"
        return ServiceResponse(
            contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8", Array(text.utf8))
    }
}

extension ServiceResponse {
    /// A JSON document.
    static func document(_ status: Int, _ map: OrderedMap) -> ServiceResponse {
        guard let bytes = try? map.encoded(as: .json) else { return ServiceResponse(status: 500) }
        return ServiceResponse(status: status, contentType: "application/json", bytes)
    }

    /// A problem document (RFC 9457).
    static func problem(_ status: Int, _ detail: String, code: String? = nil) -> ServiceResponse {
        var map: OrderedMap = [
            "title": .text(title(of: status)), "status": OrderedValue(status), "detail": .text(detail),
        ]
        if let code { map["code"] = .text(code) }
        let bytes = (try? map.encoded(as: .json)) ?? []
        return ServiceResponse(status: status, contentType: "application/problem+json", bytes)
    }

    static func notAllowed(_ methods: String) -> ServiceResponse {
        var answer = problem(405, "use \(methods)")
        answer.headers.append(("Allow", methods))
        return answer
    }

    private static func title(of status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 415: "Unsupported Media Type"
        case 429: "Too Many Requests"
        case 503: "Service Unavailable"
        default: "Internal Server Error"
        }
    }
}
