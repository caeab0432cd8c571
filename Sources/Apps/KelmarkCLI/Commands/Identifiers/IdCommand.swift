// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// `kelmark id`.
struct IdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "id", "Makes and changes AIDs.",
        examples: [
            CommandExample(
                "an organisation of three keys, two must sign", "kelmark id create acme --keys 3 --threshold 2"),
            CommandExample("an issuer that the organisation approves", "kelmark id delegate issuer --from acme"),
            CommandExample("all your AIDs", "kelmark id list"),
        ],
        subcommands: [
            IdCreateCommand.self, IdListCommand.self, IdShowCommand.self, IdRotateCommand.self, IdAnchorCommand.self,
            IdDelegateCommand.self, IdApproveCommand.self, IdAbandonCommand.self, IdExportCommand.self,
            IdImportCommand.self, IdPublishCommand.self, IdRequestCommand.self, IdDidCommand.self, MultisigCommand.self,
        ])
}
