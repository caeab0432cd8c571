// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Synchronization
import WorkloadTestKit

/// A source that does what a test says before it gives anything.
struct ScriptedSource: SVIDSource, BundleSource {
    let svid: X509SVID
    let trust: TrustBundle
    var beforeSVID: @Sendable () async throws -> Void = {}
    var beforeBundle: @Sendable () async throws -> Void = {}

    func x509SVID() async throws -> X509SVID {
        try await beforeSVID()
        return svid
    }

    func bundle(of trustDomain: TrustDomain) async throws -> TrustBundle? {
        try await beforeBundle()
        return trust.trustDomain == trustDomain ? trust : nil
    }

    /// What never comes.
    static let never: @Sendable () async throws -> Void = { try await Task.sleep(for: .seconds(100_000)) }
}

/// A door that is closed until somebody opens it.
final class Door: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Void.self) }

    func open() { continuation.finish() }

    func pass() async { for await _ in stream {} }
}

/// How often something happened.
final class Tally: Sendable {
    private let state = Mutex(0)

    var count: Int { state.withLock { $0 } }
    func add() { state.withLock { $0 += 1 } }
}
