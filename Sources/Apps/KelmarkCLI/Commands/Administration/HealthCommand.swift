// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes

/// `kelmark healthcheck`.
struct HealthCommand: KelmarkCommand {
    static let path = "healthcheck"
    static let configuration = CommandConfiguration.kelmark(
        "healthcheck", "Asks a running issuer, or node agent, whether it serves.",
        examples: [
            CommandExample("the issuer", "kelmark healthcheck"),
            CommandExample("the node agent", "kelmark healthcheck --agent"),
            CommandExample("at another socket", "kelmark healthcheck --socket-path issuer.sock"),
        ])

    @OptionGroup var global: GlobalOptions
    @Option(
        name: .also("socket-path", as: "socketPath"),
        help: ArgumentHelp(
            "Socket to ask at (default: issuer.sock in the runtime folder; with --agent where workloads ask).",
            valueName: "path"),
        completion: .file())
    var socketPath: String?
    @OptionGroup var form: OutputOptions
    @Flag(help: "Ask the node agent; its socket is found as workloads find it.")
    var agent = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        let name = agent ? "Agent" : "Server"
        let isHealthy: Bool
        if agent {
            isHealthy = try await context.working(at: WorkloadOptions.address(socketPath, context.environment)) {
                try await $0.isHealthy()
            }
        } else {
            let path = socketPath ?? Product.Socket.path(Product.Socket.issuer, environment: context.environment)
            isHealthy = try await IssuerAdministration.connected(toSocket: path) { try await $0.isHealthy() }
        }
        return Answer(
            json: ["status": .text(isHealthy ? "SERVING" : "NOT_SERVING")],
            text: isHealthy ? ["\(name) is healthy."] : [],
            concern: isHealthy ? nil : CommandFailure("KM-ADMIN-UNHEALTHY", "\(name) is unhealthy")
        ).result(form, in: context)
    }
}
