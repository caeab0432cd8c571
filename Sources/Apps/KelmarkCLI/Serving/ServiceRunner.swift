// SPDX-License-Identifier: Apache-2.0

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

    /// A logger of one component.
    static func logger(_ component: String, in context: CommandContext) -> Logger {
        let level: Logger.Level =
            switch context.console.verbosity {
            case .quiet: .warning
            case .normal: .info
            case .verbose: .debug
            }
        return Logger(label: component) { JSONLogHandler(component: $0, level: level) }
    }
}
