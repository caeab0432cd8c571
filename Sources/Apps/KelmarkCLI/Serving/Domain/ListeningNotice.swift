// SPDX-License-Identifier: Apache-2.0

internal import IdentityHTTP
internal import ServiceLifecycle
internal import Synchronization

/// Whether the listeners of this process are open.
final class ListeningFlag: Sendable {
    private let isOpen = Atomic(false)

    func open() { isOpen.store(true, ordering: .releasing) }

    /// Not ready before they are.
    func check(_ name: String) -> HealthCheck {
        HealthCheck(name) { [self] in
            isOpen.load(ordering: .acquiring) ? .healthy : .notReady("does not listen yet")
        }
    }
}

/// Raises a flag as soon as a server listens.
struct ListeningNotice: Service {
    private let flag: ListeningFlag
    private let ready: @Sendable () async throws -> Void

    init(_ flag: ListeningFlag, whenReady ready: @escaping @Sendable () async throws -> Void) {
        self.flag = flag
        self.ready = ready
    }

    func run() async throws {
        // What can't listen says so itself, and ends the process.
        if (try? await ready()) != nil { flag.open() }
        try? await gracefulShutdown()
    }
}
