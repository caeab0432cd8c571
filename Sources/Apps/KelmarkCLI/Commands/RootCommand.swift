// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// `kelmark`.
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Product.command,
        abstract: "Identities rooted in an organisation's own key history.",
        discussion: """
            EXAMPLES:
              # see the whole story with proofs, in a throw-away folder
              kelmark demo
              # make a home for your keys, then an organisation of three keys of which two must sign
              kelmark init && kelmark id create acme --keys 3 --threshold 2
              # check a proof file offline
              kelmark verify worker.kel --root EJ…AID --trust-domain acme.example

            Every command takes --json, --quiet and -v. Exit codes: 0 ok or proven, 1 denied or contradicted, 2 usage,
            3 undecidable, 4 not found, 5 conflict, 6 waiting, 70 internal. Every error has a code: kelmark explain CODE.
            """,
        subcommands: [
            InitCommand.self, IdCommand.self, KelCommand.self, WaitingCommand.self, InspectCommand.self,
            RegistryCommand.self, CredentialCommand.self, SchemaCommand.self, IssuerCommand.self, AuthorityCommand.self,
            AgentCommand.self,
            OobiCommand.self, MailCommand.self, ChallengeCommand.self, WitnessCommand.self,
            WatcherCommand.self, VerifyCommand.self,
            EntryCommand.self, NodeCommand.self, TokenCommand.self, BundleCommand.self, FederationCommand.self,
            LocalAuthorityCommand.self, UpstreamAuthorityCommand.self, SVIDCommand.self, HealthCommand.self,
            LoggerCommand.self, DebugCommand.self, WorkloadCommand.self,
            X509AliasCommand.self, JWTAliasCommand.self, APIAliasCommand.self,
            DemoCommand.self, DoctorCommand.self, ExplainCommand.self, ConfigCommand.self, VersionCommand.self,
        ])
}
