// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
package import Logging

/// `GET /proof.kel`: what proves the bundle at `/` from the organisation's AID. It proves itself: whoever fetches it need
/// not trust this port.
package struct ProofEndpoint: HTTPEndpoint {
    private let latest: LatestProof
    private let logger: Logger

    /// Publishes what `make` makes. It is asked again after `freshness`, and not for each request: a proof takes longer to
    /// make than to ask for.
    package init(
        freshness: Duration = .seconds(2), clock: any Clock<Duration> = ContinuousClock(), logger: Logger,
        make: @escaping @Sendable () throws -> [UInt8]
    ) {
        latest = LatestProof(freshness: freshness, clock: clock, make: make)
        self.logger = logger
    }

    func methods(of path: String) -> [String]? { path == "/proof.kel" ? ["GET"] : nil }

    func read(_ request: IncomingRequest) async -> OutgoingResponse {
        do {
            let proof = try await latest.bytes()
            return PublishedDocument(contentType: "application/cesr", body: proof, maxAge: 0).answer(to: request)
        } catch {
            logger.naming(request).warning("no proof to publish", metadata: ["error": "\(error)"])
            return .unavailable
        }
    }
}

/// The proof that was made last, or why there is none; one is made at a time.
private actor LatestProof {
    private let make: @Sendable () throws -> [UInt8]
    private let elapsed: @Sendable () -> Duration
    private let freshness: Duration
    private var last: (result: Result<[UInt8], any Error>, at: Duration)?

    init(freshness: Duration, clock: any Clock<Duration>, make: @escaping @Sendable () throws -> [UInt8]) {
        self.freshness = freshness
        self.make = make
        elapsed = Self.stopwatch(clock)
    }

    private static func stopwatch(_ clock: some Clock<Duration>) -> @Sendable () -> Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }

    func bytes() throws -> [UInt8] {
        let now = elapsed()
        if let last, now - last.at < freshness { return try last.result.get() }
        let result = Result { try make() }
        last = (result, now)
        return try result.get()
    }
}
