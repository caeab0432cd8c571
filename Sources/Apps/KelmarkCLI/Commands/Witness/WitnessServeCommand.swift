// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import ArgumentParser
internal import KERI
internal import KERIHTTP
internal import KERINetwork
internal import KelmarkBytes
internal import Logging
internal import ServiceLifecycle
internal import StorageSQLite

/// `kelmark witness serve`.
struct WitnessServeCommand: KelmarkCommand {
    static let path = "witness serve"
    static let configuration = CommandConfiguration.kelmark(
        "serve", "Serves one witness or several until it is told to stop.",
        about: "Each witness is an AID of the home folder that can't be rotated, with a log of its own below it. It "
            + "signs receipts for what it accepted into that log and never two for one place. For registries that name it "
            + "as backer it signs their events in the same way. SIGTERM ends it in order.",
        examples: [
            CommandExample("one witness, HTTP and TCP", "kelmark witness serve wan:5642:5632"),
            CommandExample("three in one process", "kelmark witness serve wan:5642 wil:5643 wes:5644"),
            CommandExample(
                "for others on the network",
                "kelmark witness serve wan:5642 --host 0.0.0.0 --url http://witness.example:5642/"),
            CommandExample("for two controllers only", "kelmark witness serve wan:5642 --allow EI…AID --allow EJ…AID"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(
        help: ArgumentHelp(
            "Name and ports of each witness; port 0 takes a free one.", valueName: "name:http[:tcp]"))
    var witnesses: [WitnessPlace]
    @Option(help: ArgumentHelp("Address to listen at.", valueName: "address"))
    var host = "127.0.0.1"
    @Option(
        name: .customLong("url"),
        help: ArgumentHelp(
            "Where others reach it, when that is not where it listens; one witness only.", valueName: "URL"))
    var urls: [PeerURLArgument] = []
    @Option(
        name: .customLong("allow"), help: ArgumentHelp("Serve only this controller; may be repeated.", valueName: "AID")
    )
    var allowed: [IdentifierArgument<AID>] = []
    @Option(help: ArgumentHelp("Requests a second from one address in the long run.", valueName: "number"))
    var rate = 200
    @Flag(help: "Back no registries: sign none of their events.")
    var noRegistrar = false
    @Flag(help: "Answer GET /query, which nobody signs.")
    var allowUnsignedQueries = false

    func validate() throws {
        guard !witnesses.isEmpty else { throw ValidationError("Name a witness, like wan:5642:5632.") }
        guard Set(witnesses.map(\.name)).count == witnesses.count else {
            throw ValidationError("A witness is named twice.")
        }
        if witnesses.count > 1, !urls.isEmpty { throw ValidationError("--url is for one witness.") }
        if urls.isEmpty, ["0.0.0.0", "::"].contains(host) {
            throw ValidationError("--host \(host) is no address that others can reach: name it with --url.")
        }
        guard (1...1_000_000).contains(rate) else { throw ValidationError("--rate takes 1 to 1000000.") }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        let folder = context.home.witnesses
        var services: [any Service] = []
        var lines: [String] = []
        var data: [OrderedValue] = []
        for place in witnesses {
            let key = try await context.changing { try await $0.witnessKey(place.name) }
            try HomeFolder.makePrivate(folder)
            let store = try SQLiteKeyEventStore(path: "\(folder)/\(place.name).sqlite")
            var policy = WitnessPolicy()
            if !allowed.isEmpty { policy.controllers = Set(allowed.map(\.id)) }
            policy.backsRegistries = !noRegistrar
            policy.answersUnsignedQueries = allowUnsignedQueries
            policy.rate = RequestRate(perSecond: Double(rate), burst: Double(rate) * 10)
            policy.urls = urls.isEmpty ? place.urls(host) : urls.map(\.url)
            let witness = try Witness(
                key: key, store: store, mailboxes: SQLiteMailboxStore(store), policy: policy, clock: SystemClock(),
                registries: RegistryArchive(SQLiteCredentialStore(store)))
            let logger = ServiceRunner.logger("witness \(place.name)", in: context)
            services.append(HTTPService(WitnessEndpoint(witness), host: host, port: place.http, logger: logger))
            if let tcp = place.tcp {
                services.append(StreamService(WitnessStream(witness), host: host, port: tcp, logger: logger))
            }
            services.append(MaintenanceService { await witness.maintain() })
            lines.append("\(place.name)  \(witness.aid)  " + policy.urls.map(\.description).joined(separator: "  "))
            data.append([
                "name": .text(place.name), "aid": .text(witness.aid.text),
                "urls": .list(policy.urls.map { .text($0.description) }),
            ])
        }
        context.announce(command: Self.path, data: ["witnesses": .list(data)], text: lines)
        try await ServiceRunner.serve(services, logger: ServiceRunner.logger("witness", in: context))
        return CommandResult()
    }
}

/// A witness and its ports: `name:http[:tcp]`.
struct WitnessPlace: ExpressibleByArgument, Sendable {
    let name: String
    let http: Int
    let tcp: Int?

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), OwnedIdentifier.isValid(name: parts[0]),
            let http = UInt16(parts[1]), parts.count == 2 || UInt16(parts[2]) != nil
        else { return nil }
        name = parts[0]
        self.http = Int(http)
        tcp = parts.count == 3 ? Int(UInt16(parts[2]) ?? 0) : nil
    }

    /// Where it says that it listens; a free port is not known before, so it says nothing of it.
    func urls(_ host: String) -> [PeerURL] {
        var urls: [PeerURL] = []
        if let url = PeerURL(scheme: .http, host: host, port: UInt16(http)) { urls.append(url) }
        if let tcp, let url = PeerURL(scheme: .tcp, host: host, port: UInt16(tcp)) { urls.append(url) }
        return urls
    }
}

/// A URL of a peer.
struct PeerURLArgument: ExpressibleByArgument, Sendable {
    let url: PeerURL

    init?(argument: String) {
        guard let url = PeerURL(argument) else { return nil }
        self.url = url
    }
}
