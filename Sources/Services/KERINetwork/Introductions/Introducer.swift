// SPDX-License-Identifier: Apache-2.0

public import KERI
internal import KelmarkBytes

/// Follows introductions: fetches what is behind an OOBI, takes it in like anything from a stranger, and looks whether the
/// AID that was named is known now (facts 9.4).
public struct Introducer<Store: KeyEventStore>: Sendable {
    let wallet: Wallet<Store>
    private let peers: PatientTransport
    private let clock: any NetworkClock

    /// Introduces AIDs to a wallet.
    public init(
        _ wallet: Wallet<Store>, transport: any PeerTransport, clock: any NetworkClock,
        policy: DeliveryPolicy = DeliveryPolicy()
    ) {
        self.wallet = wallet
        peers = PatientTransport(transport: transport, clock: clock, policy: policy)
        self.clock = clock
    }

    /// Follows one introduction to a log.
    /// - Throws: ``IntroductionError``; what the store fails with.
    public func follow(_ oobi: OOBI) async throws -> Introduction {
        switch try await discover(oobi) {
        case .log(let introduction): return introduction
        case .data, .several:
            throw IntroductionError(.notALog, "\(oobi.url) leads to something else than a log")
        }
    }

    /// Follows one introduction to whatever is behind it: a log, data named by its digest, or several introductions.
    /// - Throws: ``IntroductionError``; what the store fails with.
    public func discover(_ oobi: OOBI) async throws -> Discovery {
        let response = try await fetch(oobi)
        let type = (response.header("content-type") ?? "").prefix { $0 != ";" }.lowercased()
        switch type {
        case ServiceResponse.cesrType, "application/cesr": return .log(try take(response, oobi))
        case "application/json", "application/schema+json": return try Self.document(response.body, behind: oobi)
        default:
            throw IntroductionError(.notALog, "\(oobi.url) answers with \(type.isEmpty ? "no content type" : type)")
        }
    }

    private func take(_ response: PeerResponse, _ oobi: OOBI) throws -> Introduction {
        let stated = response.header("keri-aid").flatMap { AID($0) }
        let subject: AID
        switch oobi.subject {
        case .identifier(let aid, _, _): subject = aid
        case .anybody:
            guard let stated else {
                throw IntroductionError(.notALog, "\(oobi.url) does not say whose log it answers with")
            }
            subject = stated
        }
        if let stated, stated != subject {
            throw IntroductionError(.answersAnother, "\(oobi.url) answers with the log of \(stated)")
        }
        let report = try wallet.ingest(response.body, now: clock.now())
        guard let state = try wallet.keyState(of: subject) else {
            throw IntroductionError(.notAccepted, "\(oobi.url): \(Self.reason(in: report, of: subject))")
        }
        if case .identifier(_, "witness"?, let witness?) = oobi.subject, !state.witnesses.contains(witness) {
            throw IntroductionError(.notAWitness, "\(witness) is no witness of \(subject)")
        }
        return Introduction(aid: subject, state: state, messages: report.messages.count)
    }

    private func fetch(_ oobi: OOBI) async throws -> PeerResponse {
        let request = PeerRequest(.get, oobi.url, target: oobi.url.path)
        let response: PeerResponse
        do {
            // A witness answers 404 until the latest event has its receipts.
            response = try await peers.send(request, retriesMissing: true)
        } catch let error as TransportError {
            throw IntroductionError(.unreachable, error.description)
        }
        guard response.status == 200 else {
            throw IntroductionError(.refused, "\(oobi.url) answers \(response.status)")
        }
        return response
    }

    private static func reason(in report: ImportReport, of subject: AID) -> String {
        for one in report.messages {
            guard case .decided(_, let seal?, let outcome) = one.result, seal.aid == subject else { continue }
            switch outcome {
            case .escrowed(let reason): return "event \(seal.sn) waits: \(reason.rawValue)"
            case .rejected(let reason): return "event \(seal.sn) is refused: \(reason.rawValue)"
            default: continue
            }
        }
        return "there is no event of \(subject) in the answer"
    }
}

/// What following an introduction came to.
public struct Introduction: Sendable {
    /// Who was introduced.
    public let aid: AID
    /// Its key state now.
    public let state: KeyState
    /// How many messages the answer had.
    public let messages: Int
}

/// Why an introduction came to nothing. What the answer proved by itself is kept all the same.
public struct IntroductionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// Nobody answers.
        case unreachable
        /// The peer answers with an error.
        case refused
        /// The answer is no stream of messages.
        case notALog = "not-a-log"
        /// The answer is data, but not what the URL names.
        case forgedData = "forged-data"
        /// The answer is about another AID.
        case answersAnother = "answers-another"
        /// The log in the answer was not accepted.
        case notAccepted = "not-accepted"
        /// Who introduces is none of the AID's witnesses.
        case notAWitness = "not-a-witness"
    }

    /// What is wrong.
    public let code: Code
    /// Words for the operator.
    public let detail: String

    /// Joins a code and words.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { "\(code.rawValue): \(detail)" }
}
