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
    @OptionGroup var health: HealthOptions
    @Flag(help: "Ask the node agent; its socket is found as workloads find it.")
    var agent = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await health.ask(agent: agent, in: context)
    }
}

/// `kelmark agent healthcheck`.
struct AgentHealthCommand: KelmarkCommand {
    static let path = "agent healthcheck"
    static let configuration = CommandConfiguration.kelmark(
        "healthcheck", "Asks the running node agent whether it serves.",
        examples: [
            CommandExample("as workloads find it", "kelmark agent healthcheck"),
            CommandExample("at another socket", "kelmark agent healthcheck --socket-path workload.sock"),
            CommandExample("as SPIRE's agent does", "kelmark agent healthcheck -socketPath workload.sock -verbose"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var health: HealthOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await health.ask(agent: true, in: context)
    }
}

/// Whom a question after its health is put to.
struct HealthOptions: ParsableArguments {
    @Option(
        name: .also("socket-path", as: "socketPath"),
        help: ArgumentHelp(
            "Socket to ask at (default: the issuer's, issuer.sock in the runtime folder; the agent's where workloads ask).",
            valueName: "path"),
        completion: .file())
    var socketPath: String?
    @Option(
        name: SocketInstance.option,
        help: ArgumentHelp(
            "Which of several: what %i stands for in \(SocketInstance.issuer.rawValue), or for an agent in "
                + "\(SocketInstance.workload.rawValue).", valueName: "name"))
    var instance: String?
    @Flag(
        name: .also("shallow", as: "shallow"),
        help: "Taken because SPIRE's tools take it: there is one kind of question.")
    var shallow = false
    @OptionGroup var form: OutputOptions

    /// Asks, and tells.
    func ask(agent: Bool, in context: CommandContext) async throws -> CommandResult {
        let name = agent ? "Agent" : "Server"
        let isHealthy: Bool
        if agent {
            let named = try socketPath ?? SocketInstance.workload.path(of: instance, context.environment)
            isHealthy = try await context.working(at: WorkloadOptions.address(named, context.environment)) {
                try await $0.isHealthy()
            }
        } else {
            let path =
                try socketPath ?? SocketInstance.issuer.path(of: instance, context.environment)
                ?? Product.Socket.path(Product.Socket.issuer, environment: context.environment)
            context.console.detail("asking the issuer at \(path)")
            isHealthy = try await IssuerAdministration.connected(toSocket: path) { try await $0.isHealthy() }
        }
        return Answer(
            json: ["status": .text(isHealthy ? "SERVING" : "NOT_SERVING")],
            text: isHealthy ? ["\(name) is healthy."] : [],
            concern: isHealthy ? nil : CommandFailure("KM-ADMIN-UNHEALTHY", "\(name) is unhealthy")
        ).result(form, in: context)
    }
}
