// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
internal import KelmarkBytes

/// Whether the process lives and is ready, in two dialects.
///
/// `/livez` and `/readyz` answer `ok` or name what is not well, `?verbose` names every part; not well is 503. `/live` and
/// `/ready` answer JSON by part, as SPIRE's do; not well is 500. Facts (SPIFFE) 19.3.
package struct HealthEndpoint: HTTPEndpoint {
    private enum Question { case live, ready }

    private let checks: [HealthCheck]
    private let patience: Duration
    private let clock: any Clock<Duration>

    /// Asks `checks` at each request, all at once; one that takes longer than `patience` counts as not ready.
    package init(
        _ checks: [HealthCheck], patience: Duration = .seconds(5), clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.checks = checks
        self.patience = patience
        self.clock = clock
    }

    func methods(of path: String) -> [String]? {
        ["/livez", "/readyz", "/live", "/ready"].contains(path) ? ["GET", "HEAD"] : nil
    }

    func read(_ request: IncomingRequest) async -> OutgoingResponse {
        let question: Question = request.path.hasPrefix("/live") ? .live : .ready
        let findings = await findings()
        let isWell = findings.allSatisfy { Self.isWell($0.finding, question) }
        var response =
            request.path.hasSuffix("z")
            ? Self.lines(findings, question, isWell, isVerbose: request.asks(for: "verbose"))
            : Self.json(findings, question, isWell)
        response.headers.append(("Cache-Control", "no-store"))
        return response
    }

    private func findings() async -> [(name: String, finding: HealthCheck.Finding)] {
        await withTaskGroup { group in
            for (index, check) in checks.enumerated() {
                group.addTask { (index, await finding(of: check)) }
            }
            var findings: [Int: HealthCheck.Finding] = [:]
            for await (index, finding) in group { findings[index] = finding }
            return checks.indices.compactMap { index in
                findings[index].map { (checks[index].name, $0) }
            }
        }
    }

    private func finding(of check: HealthCheck) async -> HealthCheck.Finding {
        await withTaskGroup { group in
            group.addTask { await check.ask() }
            group.addTask { [clock, patience] in
                try? await clock.sleep(for: patience)
                return .notReady("does not answer")
            }
            defer { group.cancelAll() }
            return await group.next() ?? .notReady("does not answer")
        }
    }

    private static func isWell(_ finding: HealthCheck.Finding, _ question: Question) -> Bool {
        question == .live ? finding.isLive : finding.isReady
    }

    private static func lines(
        _ findings: [(name: String, finding: HealthCheck.Finding)], _ question: Question, _ isWell: Bool,
        isVerbose: Bool
    ) -> OutgoingResponse {
        var lines: [String] = []
        for (name, finding) in findings {
            let isPartWell = Self.isWell(finding, question)
            guard isVerbose || !isPartWell else { continue }
            let reason = finding.detail.isEmpty ? "" : ": \(finding.detail)"
            lines.append("[\(isPartWell ? "+" : "-")]\(name) \(isPartWell ? "ok" : "not ok")\(reason)")
        }
        lines.append(isWell ? "ok" : "not ok")
        return .text(isWell ? 200 : 503, lines.joined(separator: "\n"))
    }

    private static func json(
        _ findings: [(name: String, finding: HealthCheck.Finding)], _ question: Question, _ isWell: Bool
    ) -> OutgoingResponse {
        var parts = OrderedMap()
        for (name, finding) in findings {
            var part: OrderedMap = ["live": .boolean(finding.isLive), "ready": .boolean(finding.isReady)]
            if !Self.isWell(finding, question), !finding.detail.isEmpty { part["error"] = .text(finding.detail) }
            parts[name] = .map(part)
        }
        // Text and truth two deep: the writer refuses nothing of that.
        let body = (try? parts.encoded(as: .json)) ?? Array("{}".utf8)
        return OutgoingResponse(status: isWell ? 200 : 500, contentType: "application/json", body)
    }
}
