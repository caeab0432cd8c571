// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes

/// The HTTP interface of a witness, as keripy's controllers use it (facts 10).
public struct WitnessEndpoint<Store: KeyEventStore, Boxes: MailboxStore>: RequestHandler {
    private let witness: Witness<Store, Boxes>

    /// Serves a witness.
    public init(_ witness: Witness<Store, Boxes>) { self.witness = witness }

    /// Answers one request.
    public func respond(to request: ServiceRequest) async -> ServiceResponse {
        switch (request.method, request.path) {
        case ("GET", "/livez"), ("GET", "/health"):
            return ServiceResponse(status: 200, contentType: "text/plain", Array("ok\n".utf8))
        case ("GET", "/readyz"): return readiness()
        case ("GET", "/metrics"):
            return ServiceResponse(
                contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
                Array(witness.metrics.text.utf8))
        default: break
        }
        witness.metrics.countRequest()
        guard witness.rate.admits(request.source, at: witness.clock.now()) else {
            witness.metrics.countLimited()
            return .fault(429, "Too Many Requests", "\(request.source) asks too often")
        }
        do {
            return try await route(request)
        } catch let fault as ReceivedMessage.Fault {
            return Self.fault(fault)
        } catch {
            witness.metrics.countStoreFailure()
            return .fault(503, "Service Unavailable", "the store does not work")
        }
    }

    private func readiness() -> ServiceResponse {
        let isReady = (try? witness.store.read { try $0.keyState(of: witness.aid) }) ?? nil
        return isReady == nil
            ? .fault(503, "Service Unavailable", "the store does not work")
            : ServiceResponse(status: 200, contentType: "text/plain", Array("ready \(witness.aid)\n".utf8))
    }

    private func route(_ request: ServiceRequest) async throws -> ServiceResponse {
        switch (request.method, request.path) {
        case ("POST", "/receipts"): return try await receipt(request)
        case ("GET", "/receipts"): return try receipts(request)
        case ("POST", "/"): return try await post(request)
        case ("PUT", "/"): return try await put(request)
        case ("GET", "/query"): return try query(request)
        case ("GET", let path) where path == "/oobi" || path.hasPrefix("/oobi/"):
            return try introduce(path.dropFirst(5))
        case ("GET", let path) where path.hasPrefix("/.well-known/keri/oobi/"):
            return try introduce(path.dropFirst("/.well-known/keri/oobi".count))
        case (_, "/"), (_, "/receipts"), (_, "/query"):
            return .fault(405, "Method Not Allowed", "\(request.method) is not answered here")
        default: return .fault(404, "Not Found", "there is nothing at this path")
        }
    }

    private static func fault(_ fault: ReceivedMessage.Fault) -> ServiceResponse {
        switch fault {
        case .contentType:
            .fault(406, "Not Acceptable", "the content type must be application/cesr+json or application/cesr")
        case .attachmentMissing: .fault(412, "Precondition Failed", "the header CESR-ATTACHMENT is missing")
        case .malformed(let why): .fault(400, "Bad Request", why)
        }
    }

    // MARK: Receipts

    private func receipt(_ request: ServiceRequest) async throws -> ServiceResponse {
        let began = ContinuousClock.now
        func count(_ outcome: WitnessMetrics.Outcome) {
            witness.metrics.count(outcome, after: ContinuousClock.now - began)
        }
        let received = try ReceivedMessage(request, limits: witness.limits)
        guard case .keyEvent(let event) = received.message else {
            count(.refused)
            return .fault(400, "Bad Request", "only key events are receipted")
        }
        if event.kind.isInception, event.establishment?.witnessesAdded.contains(witness.aid) != true {
            count(.refused)
            return Self.notOurs(event)
        }
        switch try await witness.receipt(event, received.attachments, onlyOurs: true) {
        case .receipted(let signature, let isNew):
            count(isNew ? .receipted : .repeated)
            return ServiceResponse(
                contentType: ServiceResponse.cesrType, try witness.receiptMessage(of: event, signature))
        case .notOurs:
            count(.refused)
            return Self.notOurs(event)
        case .notServed:
            count(.refused)
            return .fault(403, "Forbidden", "\(event.aid) is not served here")
        case .outcome(.escrowed(.likelyDuplicitous)):
            count(.refused)
            return .fault(409, "Conflict", "another event stands at \(event.sn) of \(event.aid)")
        case .outcome(.escrowed(let reason)):
            count(.waiting)
            let body: OrderedMap = ["title": "Accepted", "description": .text("waits: \(reason.rawValue)")]
            return ServiceResponse(status: 202, contentType: "application/json", try body.encoded(as: .json))
        case .outcome(.rejected(let reason)):
            count(.refused)
            return .fault(400, "Bad Request", reason.rawValue)
        case .outcome(let other):
            count(.refused)
            return .fault(400, "Bad Request", "\(other)")
        }
    }

    private static func notOurs(_ event: KeyEvent) -> ServiceResponse {
        .fault(400, "Bad Request", "\(event.aid) does not name this witness at \(event.sn)")
    }

    private func receipts(_ request: ServiceRequest) throws -> ServiceResponse {
        guard let subject = request.parameter("pre").flatMap({ AID($0) }) else {
            return .fault(400, "Bad Request", "pre must be an AID")
        }
        let sn = request.parameter("sn").map { SequenceNumber(hex: $0) }
        let said = request.parameter("said").map { SAID($0) }
        if sn == .some(nil) || said == .some(nil) || (sn == nil && said == nil) {
            return .fault(400, "Bad Request", "sn must be a hexadecimal number, or said a SAID")
        }
        let record = try witness.store.read { transaction -> EventRecord? in
            guard let state = try transaction.keyState(of: subject) else { return nil }
            if let sn = sn ?? nil { return sn <= state.sn ? try transaction.record(of: subject, at: sn) : nil }
            return try transaction.records(of: subject, from: 0, limit: 100_000).last { $0.said == said ?? nil }
        }
        guard let record, !record.proof.witnessSignatures.isEmpty else {
            return .fault(404, "Not Found", "no such receipts")
        }
        var attachments = Attachments()
        attachments.witnessSignatures = record.proof.witnessSignatures
        let seal = EventSeal(aid: record.aid, sn: record.sn, said: record.said)
        return ServiceResponse(
            contentType: ServiceResponse.cesrType,
            try MessageBuilder.receipt(of: seal) + attachments.encoded(in: .text))
    }

    // MARK: Messages

    private func post(_ request: ServiceRequest) async throws -> ServiceResponse {
        let received = try ReceivedMessage(request, limits: witness.limits)
        if case .query(let query) = received.message, query.route == "mbx" {
            return try await mailbox(query, received)
        }
        let reaction = try await witness.take(received)
        if case .rejected(let reason) = reaction.outcome {
            return .fault(Self.status(of: reason), "Bad Request", reason.rawValue)
        }
        if case .receipt = received.message {
            return ServiceResponse(status: 200, contentType: ServiceResponse.cesrType, [])
        }
        return .accepted
    }

    private static func status(of reason: Rejection) -> Int {
        switch reason {
        case .escrowFull: 503
        case .staleReply: 409
        default: 400
        }
    }

    private func put(_ request: ServiceRequest) async throws -> ServiceResponse {
        let type = ReceivedMessage.mediaType(request)
        guard ["application/cesr", "application/json+cesr", "application/cesr+json"].contains(type) else {
            throw ReceivedMessage.Fault.contentType
        }
        let all = try ReceivedMessage.messages(
            in: request.body, limits: witness.limits, most: witness.policy.maximumMessages)
        for one in all { _ = try await witness.take(one) }
        return .accepted
    }

    /// The event stream of a mailbox; only its owner reads it.
    private func mailbox(_ query: Query, _ received: ReceivedMessage) async throws -> ServiceResponse {
        guard let owner = query.parameters.aid("pre") ?? query.parameters.aid("i"),
            let wanted = query.parameters["topics"]?.mapValue, wanted.count <= 64
        else { return .fault(400, "Bad Request", "bad-payload") }
        var topics: [(name: String, from: UInt64)] = []
        for member in wanted.members {
            guard let from = member.value.integerValue.flatMap({ UInt64(exactly: $0) }) else {
                return .fault(400, "Bad Request", "bad-payload")
            }
            topics.append((member.label, from))
        }
        guard Witness<Store, Boxes>.asker(received.attachments) == owner else {
            return .fault(403, "Forbidden", "a mailbox is read by its owner")
        }
        let outcome = try await witness.process(received.message, received.attachments)
        switch outcome {
        case .verified: break
        case .rejected(let reason): return .fault(400, "Bad Request", reason.rawValue)
        default: return .fault(404, "Not Found", "the log of \(owner) is not known here")
        }
        guard let events = witness.hub.read(owner, topics: topics) else {
            return .fault(503, "Service Unavailable", "too many readers")
        }
        return ServiceResponse(
            status: 200, headers: [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")],
            body: .events(events))
    }

    // MARK: Logs

    private func query(_ request: ServiceRequest) throws -> ServiceResponse {
        guard witness.policy.answersUnsignedQueries else {
            return .fault(403, "Forbidden", "queries are answered when they are signed")
        }
        guard request.parameter("typ") == "kel", let subject = request.parameter("pre").flatMap({ AID($0) }) else {
            return .fault(400, "Bad Request", "typ must be kel, and pre an AID")
        }
        guard let state = try witness.witnessedState(of: subject) else {
            return .fault(404, "Not Found", "no such log, or its latest event waits for receipts")
        }
        if let text = request.parameter("sn") {
            guard let sn = SequenceNumber(hex: text) else {
                return .fault(400, "Bad Request", "sn must be hexadecimal")
            }
            guard sn <= state.sn else { return .fault(404, "Not Found", "the log ends at \(state.sn)") }
        }
        return ServiceResponse(contentType: ServiceResponse.cesrType, try witness.log(of: state))
    }

    /// The answer to an OOBI; `tail` is empty or `/AID[/role[/AID]]`.
    private func introduce(_ tail: Substring) throws -> ServiceResponse {
        let parts = tail.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard parts.count <= 3 else { return .fault(404, "Not Found", "there is nothing at this path") }
        let subject: AID
        if let text = parts.first {
            guard let aid = AID(text) else { return .fault(400, "Bad Request", "\(text.prefix(64)) is no AID") }
            subject = aid
        } else {
            subject = witness.aid
        }
        let role = parts.count > 1 ? parts[1] : nil
        let endpoint = parts.count > 2 ? AID(parts[2]) : nil
        if parts.count > 2, endpoint == nil { return .fault(400, "Bad Request", "the endpoint is no AID") }
        guard let stream = try witness.introduction(of: subject, role: role, endpoint: endpoint) else {
            return .fault(404, "Not Found", "no such log, or its latest event waits for receipts")
        }
        guard !stream.isEmpty else {
            return .fault(406, "Not Acceptable", "this is no witness of \(subject)")
        }
        return ServiceResponse(
            status: 200, headers: [("Content-Type", ServiceResponse.cesrType), ("KERI-AID", subject.text)],
            body: .bytes(stream))
    }
}
