// SPDX-License-Identifier: Apache-2.0

import Issuer
import SPIFFE
import Synchronization

/// A clock that stands still until somebody moves it; who sleeps moves it and wakes at once.
final class SteppedClock: IssuerClock {
    private let state = Mutex<(now: Int64, uptime: Duration, slept: [Duration])>((1_800_000_000, .seconds(1000), []))

    func now() -> CertificateTime { CertificateTime(seconds: state.withLock { $0.now }) ?? .latest }
    func uptime() -> Duration { state.withLock { $0.uptime } }
    func sleep(for duration: Duration) async throws(CancellationError) {
        state.withLock { $0.slept.append(duration) }
        advance(by: duration)
    }

    func advance(by duration: Duration) {
        state.withLock {
            $0.uptime += duration
            $0.now += duration.components.seconds
        }
    }

    var slept: [Duration] { state.withLock { $0.slept } }
    var seconds: Int64 { state.withLock { $0.now } }
}

extension TrustDomain {
    static let example = try! TrustDomain("example.org")
    static let other = try! TrustDomain("other.test")
}

extension SPIFFEID {
    /// An ID of `example.org`.
    static func example(_ path: String) -> SPIFFEID { try! SPIFFEID(trustDomain: .example, path: path) }
}

extension Set<Selector> {
    static func of(_ texts: String...) -> Set<Selector> { Set(texts.map { try! Selector($0) }) }
}

extension IDDraft {
    static func example(_ path: String) -> IDDraft { IDDraft(trustDomain: "example.org", path: path) }
}

extension EntryDraft {
    /// A draft as most tests need it.
    static func workload(
        _ path: String, under parent: String = "/node", selectors: [String] = ["unix:uid:1"]
    ) -> EntryDraft {
        var draft = EntryDraft()
        draft.spiffeID = .example(path)
        draft.parentID = .example(parent)
        draft.selectors = selectors.map {
            let selector = try! Selector($0)
            return SelectorDraft(type: selector.type, value: selector.value)
        }
        return draft
    }

    func with(_ change: (inout EntryDraft) -> Void) -> EntryDraft {
        var draft = self
        change(&draft)
        return draft
    }
}

/// The services over a store in memory.
struct RegistrationKit {
    let clock = SteppedClock()
    let store = MemoryRegistrationStore()
    let directory: RegistrationDirectory
    let entries: EntryService
    let federation: FederationService

    init() async throws {
        directory = try await RegistrationDirectory.open(trustDomain: .example, store: store)
        entries = EntryService(directory, clock: clock)
        federation = FederationService(directory)
    }

    /// An agent in good standing, written as attestation would.
    @discardableResult
    func putAgent(
        _ path: String, selectors: Set<Selector> = [], type: String = "x509pop", serial: String = "1",
        canReattest: Bool = true
    ) async throws -> SPIFFEID {
        let agent = AttestedAgent(
            id: .example(path), attestationType: type, selectors: selectors,
            standing: .active(current: .init(serialNumber: serial, expiresAt: clock.seconds + 3600), next: nil),
            expiresAt: clock.seconds + 3600, canReattest: canReattest)
        try await store.write { try $0.put(agent) }
        return agent.id
    }
}
