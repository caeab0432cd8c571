// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE
private import Synchronization

/// The agent's cache: ``CacheState`` behind a lock, and a bell for everybody who reads it.
final class SVIDCache: Sendable {
    private struct Inner {
        var state: CacheState
        var bells: [Int: Bell] = [:]
        var isClosed = false
    }

    private let inner: Mutex<Inner>
    /// Rung when there may be something to sign.
    let work = Bell()

    init(capacity: Int) { inner = Mutex(Inner(state: CacheState(capacity: capacity))) }

    /// One who reads; gone when nobody holds it any more.
    final class Subscription: Sendable {
        let bell: Bell
        private let number: Int
        private let cache: SVIDCache

        fileprivate init(_ number: Int, _ bell: Bell, _ cache: SVIDCache) {
            self.number = number
            self.bell = bell
            self.cache = cache
        }

        deinit { cache.leave(number) }
    }

    /// Reads on behalf of a workload from now on; its entries are kept signed where it needs SVIDs. Only who lacks one
    /// has the signer look at once: it looks through all entries.
    func subscribe(_ selectors: Set<Selector>, needsSVIDs: Bool, at now: CertificateTime) -> Subscription {
        let bell = Bell()
        let (number, lacks) = inner.withLock { inner in
            let number = inner.state.subscribe(selectors, needsSVIDs: needsSVIDs)
            inner.bells[number] = bell
            return (number, inner.state.lacksSVIDs(number, at: now))
        }
        if lacks { work.ring() }
        return Subscription(number, bell, self)
    }

    private func leave(_ number: Int) {
        inner.withLock { inner in
            inner.state.unsubscribe(number)
            inner.bells[number] = nil
        }
    }

    /// Reads the state; nil when the agent goes.
    func read<Result>(_ body: (inout CacheState) -> Result) -> Result? {
        inner.withLock { $0.isClosed ? nil : body(&$0.state) }
    }

    /// Changes the state and wakes whom the change concerns.
    func change(_ body: (inout CacheState) -> Set<Int>) {
        let bells = inner.withLock { inner in body(&inner.state).compactMap { inner.bells[$0] } }
        for bell in bells { bell.ring() }
    }

    /// Lets everybody who reads end.
    func close() {
        let bells = inner.withLock { inner in
            inner.isClosed = true
            return Array(inner.bells.values)
        }
        for bell in bells { bell.ring() }
    }
}
