// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// `kelmark id create`.
struct IdCreateCommand: KelmarkCommand {
    static let path = "id create"
    static let configuration = CommandConfiguration.kelmark(
        "create", "Makes an AID.",
        about:
            "Its keys are made and kept in the vault before its first event is signed. An AID with a delegator waits "
            + "for approval.",
        examples: [
            CommandExample("one key", "kelmark id create alice"),
            CommandExample("two of three keys", "kelmark id create acme --keys 3 --threshold 2"),
            CommandExample("weights", "kelmark id create board --keys 3 --threshold 1/2,1/2,1/2"),
            CommandExample("a key that never changes, for a witness", "kelmark id create wan --non-transferable"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @Argument(help: "A name for it, yours alone.")
    var name: String
    @OptionGroup var options: CreationOptions
    @Option(
        help: ArgumentHelp("Name or AID of who must approve it.", valueName: "name"), completion: NameCompletion.kind)
    var delegator: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        var plan = try options.plan(name: name)
        return try await context.changing(dryRun: write.dryRun) { wallet in
            plan.delegator = try delegator.map { try context.aid($0, in: wallet) }
            let authored = try await wallet.create(plan, now: context.now)
            return try await context.publishing(
                authored, of: wallet, name: name, verb: "made", options: publish, dryRun: write.dryRun)
        }
    }
}

/// `kelmark id delegate`.
struct IdDelegateCommand: KelmarkCommand {
    static let path = "id delegate"
    static let configuration = CommandConfiguration.kelmark(
        "delegate", "Makes an AID under another one of yours, which approves it at once.",
        about: "The same as id create with a delegator and id approve behind it.",
        examples: [
            CommandExample("an issuer under your organisation", "kelmark id delegate issuer --from acme"),
            CommandExample("with two of three keys", "kelmark id delegate issuer --from acme --keys 3 --threshold 2"),
            CommandExample(
                "approved by two chosen keys of the organisation",
                "kelmark id delegate issuer --from acme --approve-with 0,2"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @Argument(help: "A name for the new AID.")
    var name: String
    @Option(
        help: ArgumentHelp("Name of the AID of yours that approves it.", valueName: "name"),
        completion: NameCompletion.kind)
    var from: String
    @OptionGroup var options: CreationOptions
    @Option(help: ArgumentHelp("Which keys of the delegator sign, like 0,2.", valueName: "numbers"))
    var approveWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        var plan = try options.plan(name: name)
        return try await context.changing(dryRun: write.dryRun) { wallet in
            let delegator = try Controller(wallet, from)
            plan.delegator = delegator.aid
            let authored = try await wallet.create(plan, now: context.now)
            guard !write.dryRun else {
                return IdentifierView.result(of: authored, name: name, verb: "made", state: nil, dryRun: true)
            }
            guard authored.waitsForDelegator else {
                return IdentifierView.result(
                    of: authored, name: name, verb: "made", state: try wallet.keyState(of: authored.event.aid),
                    dryRun: false)
            }
            return try await context.approving(
                authored.event.aid, named: name, by: delegator, signers: approveWith?.numbers, options: publish,
                dryRun: false)
        }
    }
}
