// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import HTTPTransport
internal import KERI
internal import KERIHTTP
internal import KERINetwork
internal import KelmarkCrypto
internal import Logging
internal import ServiceLifecycle
internal import StorageSQLite

/// Three witnesses and a watcher on loopback for the time of the demo: the same services as `witness serve` and
/// `watcher serve`, over real sockets.
struct DemoNetwork {
    /// Where each witness is introduced.
    let witnesses: [(aid: AID, oobi: OOBI)]
    /// Follows whom it is told to.
    let watcher: Watcher<SQLiteKeyEventStore>
    /// How peers are reached.
    let transport: NetworkTransport
    /// Ends the services.
    private let group: ServiceGroup

    static let count = 3

    /// Makes the services; they run while `body` does.
    static func with<R>(folder: String, context: CommandContext, _ body: (DemoNetwork) async throws -> R) async throws
        -> R
    {
        let transport = NetworkTransport()
        let logger = Logger(label: "demo") { _ in SwiftLogNoOpLogHandler() }
        var witnesses: [(AID, OOBI)] = []
        var services: [any Service] = []
        for number in 0..<count {
            let key = try CreatedKey(seed: .random(count: 32), algorithm: .ed25519, isTransferable: false)
            let port = try freePort()
            guard let url = PeerURL(scheme: .http, host: "127.0.0.1", port: port) else { continue }
            let store = try SQLiteKeyEventStore(path: "\(folder)/witness\(number).sqlite")
            var policy = WitnessPolicy()
            policy.urls = [url]
            let witness = try Witness(
                key: key, store: store, mailboxes: SQLiteMailboxStore(store), policy: policy, clock: SystemClock())
            services.append(HTTPService(WitnessEndpoint(witness), port: Int(port), logger: logger))
            guard let oobi = OOBI("\(url.description)oobi/\(witness.aid)/controller") else { continue }
            witnesses.append((witness.aid, oobi))
        }
        var policy = WatcherPolicy()
        policy.allowsPrivateAddresses = true
        let watcher = try Watcher(
            store: try SQLiteKeyEventStore(path: "\(folder)/watcher.sqlite"), list: MemoryWatchList(),
            evidence: MemoryEvidenceStore(), transport: transport, clock: SystemClock(), policy: policy)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: services.map { .init(service: $0) }, logger: logger))
        let network = DemoNetwork(witnesses: witnesses, watcher: watcher, transport: transport, group: group)
        let running = Task { try await group.run() }
        do {
            for service in services.compactMap({ $0 as? HTTPService }) { _ = try await service.boundPort() }
            let result = try await body(network)
            await group.triggerGracefulShutdown()
            _ = try? await running.value
            await transport.shutdown()
            return result
        } catch {
            await group.triggerGracefulShutdown()
            _ = try? await running.value
            await transport.shutdown()
            throw error
        }
    }

    /// A port of loopback that nobody listens on just now.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw CommandFailure("KM-ADDRESS-TAKEN", "no socket: \(systemMessage())") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(descriptor, raw, length) == 0 ? getsockname(descriptor, raw, &length) : -1
            }
        }
        guard status == 0 else { throw CommandFailure("KM-ADDRESS-TAKEN", "no free port: \(systemMessage())") }
        return UInt16(bigEndian: address.sin_port)
    }
}
