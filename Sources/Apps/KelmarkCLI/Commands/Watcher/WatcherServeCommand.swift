// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import HTTPTransport
internal import KERI
internal import KERIHTTP
internal import KERINetwork
internal import KelmarkBytes
internal import ServiceLifecycle
internal import StorageSQLite

/// `kelmark watcher serve`.
struct WatcherServeCommand: KelmarkCommand {
    static let path = "watcher serve"
    static let configuration = CommandConfiguration.kelmark(
        "serve", "Serves a watcher until it is told to stop.",
        about:
            "It asks every witness of every AID that it follows, keeps what is first seen, and keeps proof for ever when "
            + "a controller or a witness says two things. The proof verifies alone: kelmark verify --evidence.",
        examples: [
            CommandExample("on this machine", "kelmark watcher serve eye:7632"),
            CommandExample("slower", "kelmark watcher serve eye:7632 --interval 10"),
            CommandExample("follow what happens", "curl -N http://127.0.0.1:7632/events"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("Name of an AID that can't be rotated, and the port.", valueName: "name:http"))
    var watcher: WitnessPlace
    @Option(help: ArgumentHelp("Address to listen at.", valueName: "address"))
    var host = "127.0.0.1"
    @Option(help: ArgumentHelp("Where others reach it, when that is not where it listens.", valueName: "URL"))
    var url: PeerURLArgument?
    @Option(help: ArgumentHelp("Seconds between two questions to a witness while a log changes.", valueName: "seconds"))
    var interval = 1
    @Flag(
        inversion: .prefixedNo,
        help: "Don't ask witnesses at loopback and private addresses; so unless the watcher itself listens there.")
    var publicOnly: Bool?

    func validate() throws {
        guard (1...3600).contains(interval) else { throw ValidationError("--interval takes 1 to 3600.") }
        if ["0.0.0.0", "::"].contains(host), url == nil {
            throw ValidationError("--host \(host) is no address that others can reach: name it with --url.")
        }
        guard watcher.tcp == nil else { throw ValidationError("A watcher has one port: name:http.") }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        let key = try await context.changing { try await $0.witnessKey(watcher.name) }
        let folder = context.home.watchers + "/" + watcher.name
        try HomeFolder.makePrivate(context.home.watchers)
        try HomeFolder.makePrivate(folder)
        let store = try SQLiteKeyEventStore(path: folder + "/events.sqlite")
        let urls = url.map { [$0.url] } ?? watcher.urls(host)
        return try await context.reachingPeers { transport in
            var policy = WatcherPolicy()
            policy.quickest = .seconds(interval)
            policy.slowest = .seconds(max(30, interval))
            // Who can tell a watcher on the open network what to ask must not reach its neighbours by it.
            policy.allowsPrivateAddresses = !(publicOnly ?? !["127.0.0.1", "::1", "localhost"].contains(host))
            let service = try Watcher(
                store: store, list: try FileWatchList(path: folder + "/watched.json"),
                evidence: try FileEvidenceStore(folder: folder + "/evidence"), transport: transport,
                clock: SystemClock(), policy: policy)
            let identity = try await WatcherIdentity(signer: key.signingKey, urls: urls, now: context.now)
            let logger = ServiceRunner.logger("watcher \(watcher.name)", in: context)
            let endpoint = WatcherEndpoint(service, identity: identity)
            context.announce(
                command: Self.path,
                data: [
                    "name": .text(watcher.name), "aid": .text(identity.aid.text),
                    "url": .text(urls.first?.description ?? ""),
                ],
                text: ["\(watcher.name)  \(identity.aid)  \(urls.map(\.description).joined(separator: "  "))"])
            try await ServiceRunner.serve(
                [
                    HTTPService(endpoint, host: host, port: watcher.http, logger: logger),
                    MaintenanceService { await service.run() },
                ], logger: logger)
            return CommandResult()
        }
    }
}
