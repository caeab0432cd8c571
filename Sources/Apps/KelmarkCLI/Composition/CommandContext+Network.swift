// SPDX-License-Identifier: Apache-2.0

internal import HTTPTransport
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

extension CommandContext {
    /// Runs `body` with a transport that is closed afterwards.
    func reachingPeers<R>(_ body: (NetworkTransport) async throws -> R) async throws -> R {
        let transport = NetworkTransport()
        do {
            let result = try await body(transport)
            await transport.shutdown()
            return result
        } catch {
            await transport.shutdown()
            throw error
        }
    }

    /// Brings what an own AID's witnesses lack to them; nil when it has none.
    func publish(_ aid: AID, of wallet: HomeWallet, overStreams: Bool = false) async throws -> DeliveryReport? {
        var policy = DeliveryPolicy()
        policy.prefersStreams = overStreams
        return try await reachingPeers { [policy] transport in
            let report = try await Receiptor(
                wallet, transport: transport, clock: SystemClock(), policy: policy
            ).deliver(aid)
            return report.witnesses.isEmpty ? nil : report
        }
    }
}

/// A delivery as data and as text.
enum DeliveryView {
    static func data(of report: DeliveryReport) -> OrderedValue {
        [
            "threshold": OrderedValue(Int(report.threshold)), "met": .boolean(report.isMet),
            "witnesses": data(of: report.witnesses),
        ]
    }

    static func data(of witnesses: [DeliveryReport.Witness]) -> OrderedValue {
        .list(
            witnesses.map { witness in
                let (word, detail) = words(witness.result)
                return ["aid": .text(witness.aid.text), "result": .text(word), "detail": .text(detail)]
            })
    }

    static func text(of report: DeliveryReport) -> [String] { text(of: report.witnesses) }

    static func text(of witnesses: [DeliveryReport.Witness], as role: String = "witness") -> [String] {
        witnesses.map { witness in
            let (word, detail) = words(witness.result)
            return "  \(role) \(witness.aid)  \(word)\(detail.isEmpty ? "" : ": " + printable(detail))"
        }
    }

    private static func words(_ result: WitnessResult) -> (String, String) {
        switch result {
        case .receipted: ("receipted", "")
        case .waiting: ("waiting", "it keeps the event until something else arrives")
        case .refused(let why): ("refused", why)
        case .unreachable(let why): ("unreachable", why)
        case .noAddress: ("no address", "kelmark oobi resolve URL tells where it listens")
        }
    }
}
