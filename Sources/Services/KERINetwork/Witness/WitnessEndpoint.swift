// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes

/// The HTTP interface of a witness, as keripy's controllers use it (facts 10).
///
/// | request | answer |
/// |---|---|
/// | POST `/receipts` an event | 200 its receipt; 202 it waits; 400, 403, 409 there is none |
/// | POST `/receipts` a registry event that names this witness as backer | 200 the event with its signature; else likewise |
/// | GET `/receipts?pre=&sn=` or `&said=` | 200 the receipts of all witnesses that are here |
/// | POST `/` a message | 204; 200 for receipts; an event stream for the query `mbx` |
/// | PUT `/` a stream | 204 |
/// | GET `/oobi…`, `/.well-known/keri/oobi/…` | 200 log and endpoints; 404 not known or not receipted; 406 not ours |
/// | GET `/query?typ=kel&pre=&sn=` | 200 the log, from a position on; 403 unless the policy allows it |
/// | GET `/query?typ=tel&reg=&vcid=` | 200 the events of a registry and of a credential in it; likewise |
/// | GET `/oobi/SAID` of a schema | 200 the schema |
/// | GET `/livez`, `/readyz`, `/metrics` | for operators |
///
/// Errors are JSON `{"title","description"}`; 406 for a wrong content type, 412 for a missing `CESR-ATTACHMENT`, 429 for
/// who asks too often, 503 when the store does not work. Positions in queries are decimal, as in keripy.
public struct WitnessEndpoint<Store: KeyEventStore, Boxes: MailboxStore>: RequestHandler {
    let witness: Witness<Store, Boxes>
    private let showsMetrics: Bool

    /// Serves a witness.
    /// - Parameter showsMetrics: whether GET `/metrics` is answered here.
    public init(_ witness: Witness<Store, Boxes>, showsMetrics: Bool = true) {
        self.witness = witness
        self.showsMetrics = showsMetrics
    }

    /// Answers one request.
    public func respond(to request: ServiceRequest) async -> ServiceResponse {
        switch (request.method, request.path) {
        case ("GET", "/livez"), ("GET", "/health"):
            return ServiceResponse(status: 200, contentType: "text/plain", Array("ok\n".utf8))
        case ("GET", "/readyz"): return readiness()
        case ("GET", "/metrics") where showsMetrics:
            return ServiceResponse(
                contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
                Array(witness.metrics.openMetrics.utf8))
        default: break
        }
        witness.meter.countRequest()
        guard witness.rate.admits(request.source, at: witness.clock.now()) else {
            witness.meter.countLimited()
            return .fault(429, "Too Many Requests", "\(request.source) asks too often")
        }
        do {
            let response = try await route(request)
            if case .bytes(let bytes) = response.body {
                witness.rate.charge(request.source, bytes: bytes.count, at: witness.clock.now())
            }
            return response
        } catch let fault as ReceivedMessage.Fault {
            return .fault(fault)
        } catch {
            witness.meter.countStoreFailure()
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
            return try await introduce(path.dropFirst(5))
        case ("GET", let path) where path.hasPrefix("/.well-known/keri/oobi/"):
            return try await introduce(path.dropFirst("/.well-known/keri/oobi".count))
        case (_, "/"), (_, "/receipts"), (_, "/query"):
            return .fault(405, "Method Not Allowed", "\(request.method) is not answered here")
        default: return .fault(404, "Not Found", "there is nothing at this path")
        }
    }

    // MARK: Receipts

    private func receipt(_ request: ServiceRequest) async throws -> ServiceResponse {
        let began = ContinuousClock.now
        func count(_ outcome: WitnessMetrics.Outcome) {
            witness.meter.count(outcome, after: ContinuousClock.now - began)
        }
        let received: ReceivedMessage
        do throws(ReceivedMessage.Fault) {
            received = try ReceivedMessage(request, limits: witness.limits)
        } catch {
            count(.malformed)
            throw error
        }
        if case .registryEvent(let event) = received.message {
            let (response, outcome) = try await backing(of: event, received.attachments)
            count(outcome)
            return response
        }
        guard case .keyEvent(let event) = received.message else {
            count(.refused)
            return .fault(400, "Bad Request", "only key events and registry events are receipted")
        }
        switch try await witness.receipt(event, received.attachments, onlyOurs: true) {
        case .receipted(let signature, let isNew):
            count(isNew ? .receipted : .repeated)
            let seal = EventSeal(aid: event.aid, sn: event.sn, said: event.said)
            return ServiceResponse(
                contentType: ServiceResponse.cesrType, try witness.receiptMessage(of: seal, signature))
        case .notOurs:
            count(.refused)
            return .fault(400, "Bad Request", "this is no witness of \(event.aid) at \(event.sn)")
        case .notServed:
            count(.refused)
            return .fault(403, "Forbidden", "\(event.aid) is not served here")
        case .outcome(.escrowed(.likelyDuplicitous)):
            count(.refused)
            return .fault(409, "Conflict", "another event stands at \(event.sn) of \(event.aid)")
        case .outcome(.escrowed(let reason)):
            count(.waiting)
            return try .waiting(reason.rawValue)
        case .outcome(.rejected(let reason)):
            count(.refused)
            return .fault(reason == .escrowFull ? 503 : 400, "Bad Request", reason.rawValue)
        case .outcome(let other):
            count(.refused)
            return .fault(400, "Bad Request", "\(other)")
        }
    }

    private func receipts(_ request: ServiceRequest) throws -> ServiceResponse {
        guard let subject = request.parameter("pre").flatMap({ AID($0) }) else {
            return .fault(400, "Bad Request", "pre must be an AID")
        }
        let sn = request.parameter("sn").map { SequenceNumber(decimal: $0) }
        let said = request.parameter("said").map { SAID($0) }
        if sn == .some(nil) || said == .some(nil) || (sn == nil && said == nil) {
            return .fault(400, "Bad Request", "sn must be a decimal number, or said a SAID")
        }
        guard let record = try witness.storedReceipts(of: subject, sn: sn ?? nil, said: said ?? nil) else {
            return .fault(404, "Not Found", "no such receipts")
        }
        var attachments = Attachments()
        attachments.witnessSignatures = record.proof.witnessSignatures
        let seal = EventSeal(aid: record.aid, sn: record.sn, said: record.said)
        return ServiceResponse(
            contentType: ServiceResponse.cesrType,
            try MessageBuilder.receipt(of: seal) + attachments.encoded(in: .text))
    }

    // MARK: Logs

    private func query(_ request: ServiceRequest) throws -> ServiceResponse {
        guard witness.policy.answersUnsignedQueries else {
            return .fault(403, "Forbidden", "queries are answered when they are signed")
        }
        if request.parameter("typ") == "tel" { return try registryLog(request) }
        guard request.parameter("typ") == "kel", let subject = request.parameter("pre").flatMap({ AID($0) }) else {
            return .fault(400, "Bad Request", "typ must be kel and pre an AID, or typ tel")
        }
        guard let state = try witness.witnessedState(of: subject) else {
            return .fault(404, "Not Found", "no such log, or its latest event waits for receipts")
        }
        guard let text = request.parameter("sn") else {
            guard let log = try witness.log(of: state) else {
                return .fault(404, "Not Found", "the log of a delegator is not known")
            }
            return ServiceResponse(contentType: ServiceResponse.cesrType, log)
        }
        guard let sn = SequenceNumber(decimal: text) else {
            return .fault(400, "Bad Request", "sn must be a decimal number")
        }
        guard sn <= state.sn else { return .fault(404, "Not Found", "the log ends at \(state.sn.value)") }
        let events = try witness.store.read { transaction in
            var stream: [UInt8] = []
            var place: SequenceNumber? = sn
            while let here = place, here <= state.sn, let record = try transaction.record(of: subject, at: here) {
                stream += try LogReplay.message(of: record)
                place = here.next
            }
            return stream
        }
        return ServiceResponse(contentType: ServiceResponse.cesrType, events)
    }

    /// Events of a registry and of a credential in it; of the credential alone when no registry is named.
    private func registryLog(_ request: ServiceRequest) throws -> ServiceResponse {
        let registry = request.parameter("reg").map { SAID($0) }
        let credential = request.parameter("vcid").map { SAID($0) }
        if registry == .some(nil) || credential == .some(nil) || (registry == nil && credential == nil) {
            return .fault(400, "Bad Request", "reg or vcid must be there, each a SAID")
        }
        let log = try witness.registries?.log(of: registry ?? nil, credential: credential ?? nil) ?? []
        guard !log.isEmpty else { return .fault(404, "Not Found", "no such registry or credential") }
        return ServiceResponse(contentType: ServiceResponse.cesrType, log)
    }

    /// The answer to an OOBI; `tail` is empty or `/AID[/role[/AID]]`.
    private func introduce(_ tail: Substring) async throws -> ServiceResponse {
        let parts = tail.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard parts.count <= 3 else { return .fault(404, "Not Found", "there is nothing at this path") }
        let subject: AID
        if let text = parts.first {
            guard let aid = AID(text) else { return .fault(400, "Bad Request", "that is no AID") }
            if parts.count == 1, let said = SAID(text), let schema = try witness.registries?.schema(said) {
                return ServiceResponse(contentType: "application/schema+json", schema)
            }
            subject = aid
        } else {
            subject = witness.aid
        }
        let role = parts.count > 1 ? parts[1] : nil
        let endpoint = parts.count > 2 ? AID(parts[2]) : nil
        if parts.count > 2, endpoint == nil { return .fault(400, "Bad Request", "the endpoint is no AID") }
        switch try await witness.introduction(of: subject, role: role, endpoint: endpoint) {
        case .unknown: return .fault(404, "Not Found", "no such log, or its latest event waits for receipts")
        case .notOurs: return .fault(406, "Not Acceptable", "this is no witness of \(subject)")
        case .stream(let stream):
            return ServiceResponse(
                status: 200, headers: [("Content-Type", ServiceResponse.cesrType), ("KERI-AID", subject.text)],
                body: .bytes(stream))
        }
    }
}

extension SequenceNumber {
    /// A position as HTTP queries write it: at most 39 decimal digits.
    fileprivate init?(decimal text: String) {
        guard (1...39).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let value = UInt128(text)
        else { return nil }
        self.init(value)
    }
}
