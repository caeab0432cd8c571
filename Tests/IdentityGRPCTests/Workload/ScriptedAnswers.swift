// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import KelmarkBytes
import Logging
import SPIFFE
import Synchronization

@testable import IdentityGRPC
@testable import NodeAgent

/// What workloads get, as a test says.
final class ScriptedAnswers: WorkloadAnswers {
    private struct State {
        var x509: [X509Update] = []
        var readers: [AsyncThrowingStream<X509Update, any Error>.Continuation] = []
        var denial: WorkloadDenial?
        var delegateDenial: WorkloadDenial?
        var asked: [String] = []
    }

    let authority: Authority
    let partner: Authority
    /// An element for each reader of X.509-SVIDs who was let go because its caller went.
    let departures: AsyncStream<Void>
    private let depart: AsyncStream<Void>.Continuation
    private let state = Mutex(State())

    init() throws {
        authority = try Authority()
        partner = try Authority("partner.test")
        (departures, depart) = AsyncStream.makeStream()
    }

    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// What was asked, in order.
    var asked: [String] { state.withLock { $0.asked } }

    /// One identity, or several.
    func update(_ paths: String..., federated: Bool = true) throws -> X509Update {
        try X509Update(
            svids: paths.map { path in
                WorkloadSVID(
                    entryID: path, id: try SPIFFEID(trustDomain: authority.trustDomain, path: path),
                    chain: try authority.credentials(path).chain, key: try SVIDKey.random(.p256),
                    hint: "hint of \(path)")
            }, bundle: authority.bundle, federatedBundles: federated ? [partner.bundle] : [])
    }

    /// Tells all who listen, and those who come later.
    func publish(_ update: X509Update) {
        let readers = state.withLock { state in
            state.x509 = [update]
            return state.readers
        }
        for reader in readers { reader.yield(update) }
    }

    /// Denies from now on; ends what is open.
    func deny(_ denial: WorkloadDenial) {
        let readers = state.withLock { state in
            state.denial = denial
            defer { state.readers = [] }
            return state.readers
        }
        for reader in readers { reader.finish(throwing: denial) }
    }

    /// Takes nobody for a delegate from now on; what is open stays.
    func denyDelegates(_ denial: WorkloadDenial) { state.withLock { $0.delegateDenial = denial } }

    private func admit(_ what: String, _ workload: WorkloadReference) throws(WorkloadDenial) {
        let denial = state.withLock { state in
            switch workload {
            case .peer(let peer): state.asked.append("\(what) peer \(peer.pid)")
            case .process(let pid): state.asked.append("\(what) process \(pid)")
            case .selectors(let selectors): state.asked.append("\(what) selectors \(selectors.sorted())")
            }
            return state.denial
        }
        if let denial { throw denial }
    }

    func x509Updates(
        for workload: WorkloadReference
    ) async throws(WorkloadDenial) -> AsyncThrowingStream<X509Update, any Error> {
        try admit("x509", workload)
        let (stream, continuation) = AsyncThrowingStream<X509Update, any Error>.makeStream()
        continuation.onTermination = { [depart] end in
            if case .cancelled = end { depart.yield() }
        }
        state.withLock { state in
            for update in state.x509 { continuation.yield(update) }
            state.readers.append(continuation)
        }
        return stream
    }

    func x509BundleUpdates(
        for workload: WorkloadReference
    ) async throws(WorkloadDenial) -> AsyncStream<X509BundleUpdate> {
        try admit("bundles", workload)
        return Self.one(X509BundleUpdate(bundles: [authority.bundle, partner.bundle]))
    }

    func jwtBundleUpdates(
        for workload: WorkloadReference
    ) async throws(WorkloadDenial) -> AsyncStream<JWTBundleUpdate> {
        try admit("keys", workload)
        return Self.one(
            JWTBundleUpdate(bundles: [.init(trustDomain: authority.trustDomain, document: Array("{}".utf8))]))
    }

    func allX509Bundles() async -> AsyncStream<X509BundleUpdate> {
        state.withLock { $0.asked.append("all bundles") }
        return Self.one(X509BundleUpdate(bundles: [authority.bundle, partner.bundle]))
    }

    func allJWTBundles() async -> AsyncStream<JWTBundleUpdate> {
        state.withLock { $0.asked.append("all keys") }
        return Self.one(
            JWTBundleUpdate(bundles: [.init(trustDomain: partner.trustDomain, document: Array("{}".utf8))]))
    }

    private static func one<Element: Sendable>(_ element: Element) -> AsyncStream<Element> {
        AsyncStream {
            $0.yield(element)
            $0.finish()
        }
    }

    func jwtSVIDs(
        for workload: WorkloadReference, audience: [String], id: String?
    ) async throws(WorkloadDenial) -> [WorkloadToken] {
        try admit("token \(audience) \(id ?? "any")", workload)
        guard !audience.isEmpty else { throw .audienceMissing }
        guard let own = try? SPIFFEID(trustDomain: authority.trustDomain, path: "/web") else { throw .noIdentity }
        // A header, then {"exp":1785585900,"iat":1785585600}.
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJleHAiOjE3ODU1ODU5MDAsImlhdCI6MTc4NTU4NTYwMH0.AA"
        return [WorkloadToken(id: own, token: token, hint: "h")]
    }

    func validate(
        token: String, audience: String, for workload: WorkloadReference
    ) async throws(WorkloadDenial) -> WorkloadIdentities.ValidatedToken {
        try admit("validate \(audience)", workload)
        guard token == "good", let own = try? SPIFFEID(trustDomain: authority.trustDomain, path: "/web") else {
            throw .invalidArgument("token signature is invalid")
        }
        return WorkloadIdentities.ValidatedToken(
            id: own,
            claims: [
                "sub": .text(own.description), "aud": .list(["a", "b"]), "exp": .integer("1785585900"),
                "nested": .map(["yes": .boolean(true), "nothing": .null, "half": .float("0.5")]),
                "huge": .integer(String(repeating: "9", count: 400)),
            ])
    }

    func authorizeDelegate(_ peer: WorkloadPeer) async throws(WorkloadDenial) {
        try admit("delegate", .peer(peer))
        if let denial = state.withLock({ $0.delegateDenial }) { throw denial }
    }
}
