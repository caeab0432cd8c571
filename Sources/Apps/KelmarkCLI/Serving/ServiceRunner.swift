// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
internal import KelmarkBytes
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Runs the services of one process until it is told to stop.
enum ServiceRunner {
    /// Returns after SIGTERM or SIGINT, when all services have finished what they were doing.
    /// - Throws: what the first service that fails throws.
    static func run(_ services: [any Service], logger: Logger) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // What does not end by itself must not keep the machine from going down.
        configuration.maximumGracefulShutdownDuration = .seconds(15)
        try await ServiceGroup(configuration: configuration).run()
    }

    /// The same, with the failure that a command ends with when an address is taken.
    static func serve(_ services: [any Service], logger: Logger) async throws {
        do {
            try await run(services, logger: logger)
        } catch let error as ListenError {
            throw CommandFailure("KM-ADDRESS-TAKEN", "nothing can be listened at: \(error)")
        }
    }

    /// A logger of one component.
    static func logger(_ component: String, in context: CommandContext) -> Logger {
        let level = level(in: context)
        return Logger(label: component) { JSONLogHandler(component: $0, level: level) }
    }

    /// How much is logged.
    static func level(in context: CommandContext) -> Logger.Level {
        switch context.console.verbosity {
        case .quiet: .warning
        case .normal: .info
        case .verbose: .debug
        }
    }
}

extension CommandContext {
    /// Tells what is served before it is: a command that serves ends much later.
    func announce(command: String, data: OrderedMap, text: [String]) {
        if console.isJSON {
            console.output(bytes: Envelope.encode(command: command, data: data, failure: nil) + [0x0A])
        } else {
            console.output(text)
        }
    }
}
