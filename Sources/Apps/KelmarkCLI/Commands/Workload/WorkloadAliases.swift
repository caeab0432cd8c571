// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

// `workload` under the names that it has in SPIRE's agent.

/// `kelmark agent api`.
struct AgentAPICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "api", "The same as workload, by the name that it has in SPIRE's agent.",
        examples: [
            CommandExample("certificates", "kelmark agent api fetch x509 -write svids"),
            CommandExample("a token for a service", "kelmark agent api fetch jwt -audience db"),
            CommandExample("stay, and see what changes", "kelmark agent api watch"),
        ],
        subcommands: WorkloadCommand.verbs)
}

/// `kelmark api`, hidden: the reference has one name for each thing.
struct APIAliasCommand: AsyncParsableCommand {
    static let configuration: CommandConfiguration = {
        var configuration = WorkloadCommand.configuration
        configuration.commandName = "api"
        configuration.shouldDisplay = false
        return configuration
    }()
}
