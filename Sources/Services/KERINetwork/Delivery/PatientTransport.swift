// SPDX-License-Identifier: Apache-2.0

/// Sends requests with patience: a peer that can't be reached or is overloaded is tried again after a pause.
struct PatientTransport: Sendable {
    let transport: any PeerTransport
    let clock: any NetworkClock
    let policy: DeliveryPolicy

    /// The answer, or the last of the failures.
    ///
    /// - Parameter retriesMissing: whether 404 may be another answer soon.
    /// - Throws: ``TransportError``; ``CancellationError`` while pausing.
    func send(_ request: PeerRequest, retriesMissing: Bool = false) async throws -> PeerResponse {
        var pause = policy.firstPause
        for attempt in 1... {
            let result = await attemptOnce(request)
            let isLast = attempt >= policy.attempts
            switch result {
            case .success(let response):
                let mayPass = response.status == 429 || response.status >= 500
                guard !isLast, mayPass || (retriesMissing && response.status == 404) else { return response }
            case .failure(let error):
                guard !isLast, error.isTransient else { throw error }
            }
            try await clock.sleep(for: pause)
            pause = pause * 2
        }
        throw TransportError(.unreachable, "\(request.url)")
    }

    private func attemptOnce(_ request: PeerRequest) async -> Result<PeerResponse, TransportError> {
        do {
            return .success(
                try await transport.send(request, timeout: policy.timeout, limit: policy.answerBytes))
        } catch {
            return .failure(error)
        }
    }
}
