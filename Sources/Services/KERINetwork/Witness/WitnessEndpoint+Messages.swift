// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KelmarkBytes

extension WitnessEndpoint {
    func post(_ request: ServiceRequest) async throws -> ServiceResponse {
        let received = try ReceivedMessage(request, limits: witness.limits)
        if case .query(let query) = received.message, query.route == "mbx" {
            return try await mailbox(query, received, source: request.source)
        }
        let reaction = try await witness.take(received)
        if let answer = reaction.answer {
            witness.rate.charge(request.source, bytes: answer.stream.count, at: witness.clock.now())
        }
        if case .rejected(let reason) = reaction.outcome {
            if let refusal = reaction.refusal { return .fault(refusal) }
            if reason == .staleReply, try isKept(received.message) { return .accepted }
            return Self.refusal(reason)
        }
        if case .receipt = received.message {
            return ServiceResponse(status: 200, contentType: ServiceResponse.cesrType, [])
        }
        return .accepted
    }

    private static func refusal(_ reason: Rejection) -> ServiceResponse {
        switch reason {
        case .escrowFull: .fault(503, "Service Unavailable", reason.rawValue)
        case .staleReply: .fault(409, "Conflict", reason.rawValue)
        default: .fault(400, "Bad Request", reason.rawValue)
        }
    }

    /// Whether a reply is the one that is kept already: saying it again is no fault.
    private func isKept(_ message: Message) throws -> Bool {
        guard case .reply(let reply) = message,
            let subject = reply.payload.aid("cid") ?? reply.payload.aid("eid") ?? reply.payload.aid("i")
        else { return false }
        return try witness.store.read { try $0.replies(of: subject) }.contains { $0.message.starts(with: reply.bytes) }
    }

    func put(_ request: ServiceRequest) async throws -> ServiceResponse {
        let type = ReceivedMessage.mediaType(request)
        guard ["application/cesr", "application/json+cesr", "application/cesr+json"].contains(type) else {
            throw ReceivedMessage.Fault.contentType
        }
        let all = try ReceivedMessage.messages(
            in: request.body, limits: witness.limits, most: witness.policy.maximumMessages)
        witness.rate.charge(request.source, bytes: request.body.count, at: witness.clock.now())
        for (place, one) in all.enumerated() {
            // A stream costs as much as its messages one by one.
            guard place == 0 || witness.rate.admits(request.source, at: witness.clock.now()) else {
                witness.meter.countLimited()
                return .fault(429, "Too Many Requests", "\(place) of \(all.count) messages were taken")
            }
            guard let answer = try await witness.take(one).answer else { continue }
            witness.rate.charge(request.source, bytes: answer.stream.count, at: witness.clock.now())
        }
        return .accepted
    }

    /// The event stream of a mailbox; only its owner reads it.
    private func mailbox(
        _ query: Query, _ received: ReceivedMessage, source: String
    ) async throws -> ServiceResponse {
        guard let owner = query.parameters.aid("pre") ?? query.parameters.aid("i"),
            let wanted = query.parameters["topics"]?.mapValue, wanted.count <= 64
        else { return Self.refusal(.badPayload) }
        var topics: [(name: String, from: UInt64)] = []
        for member in wanted.members {
            guard let from = member.value.integerValue.flatMap({ UInt64(exactly: $0) }), from <= 1 << 62,
                member.label.utf8.count <= 65
            else { return Self.refusal(.badPayload) }
            topics.append((member.label, from))
        }
        guard Witness<Store, Boxes>.asker(received.attachments) == owner else {
            return .fault(403, "Forbidden", "a mailbox is read by its owner")
        }
        // Who was asked the same elsewhere must not read it here.
        if let asked = query.parameters["src"], asked.textValue != witness.aid.text {
            return .fault(403, "Forbidden", "the query is for another witness")
        }
        let now = witness.clock.now()
        let tolerance = witness.policy.queryTolerance
        guard query.dated >= now.advanced(bySeconds: -tolerance), query.dated <= now.advanced(bySeconds: tolerance)
        else { return .fault(403, "Forbidden", "the query is dated \(query.dated), here it is \(now)") }
        let outcome = try await witness.process(received.message, received.attachments)
        switch outcome {
        case .verified: break
        case .rejected(let reason): return Self.refusal(reason)
        default: return .fault(404, "Not Found", "the log of \(owner) is not known here")
        }
        guard let events = witness.hub.read(owner, topics: topics, source: source) else {
            witness.meter.countLimited()
            return .fault(429, "Too Many Requests", "too many event streams are open")
        }
        return ServiceResponse(
            status: 200, headers: [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")],
            body: .events(events))
    }
}

extension ServiceResponse {
    /// Why a registry event was refused.
    static func fault(_ refusal: CredentialRejection) -> ServiceResponse {
        switch refusal {
        case .likelyDuplicitous: .fault(409, "Conflict", refusal.rawValue)
        case .escrowFull: .fault(503, "Service Unavailable", refusal.rawValue)
        default: .fault(400, "Bad Request", refusal.rawValue)
        }
    }

    /// Why a request holds no message.
    static func fault(_ fault: ReceivedMessage.Fault) -> ServiceResponse {
        switch fault {
        case .contentType:
            .fault(406, "Not Acceptable", "the content type must be application/cesr+json or application/cesr")
        case .attachmentMissing: .fault(412, "Precondition Failed", "the header CESR-ATTACHMENT is missing")
        case .malformed(let why): .fault(400, "Bad Request", why)
        }
    }
}
