// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// `kelmark id multisig`.
struct MultisigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "multisig", "AIDs that several controllers hold together, each with keys of its own.",
        about: "One member proposes an event, the others approve it; everybody's signature reaches everybody through "
            + "the mailboxes of their witnesses. Every step can be repeated: resume goes on after a crash or a long night.",
        examples: [
            CommandExample(
                "propose a group of three, two must sign",
                "kelmark id multisig create board --member alice --members alice,bob,carol --threshold 2"),
            CommandExample("what others propose", "kelmark id multisig list --fetch"),
            CommandExample("agree to it", "kelmark id multisig approve EK…SAID --name board"),
            CommandExample("go on", "kelmark id multisig resume board --wait 60"),
        ],
        subcommands: [
            MultisigCreateCommand.self, MultisigRotateCommand.self, MultisigAnchorCommand.self,
            MultisigListCommand.self, MultisigApproveCommand.self, MultisigDeclineCommand.self,
            MultisigWithdrawCommand.self, MultisigFollowCommand.self, MultisigResumeCommand.self,
        ])
}

/// AIDs or names joined by commas.
struct MemberList: ExpressibleByArgument, Sendable {
    let names: [String]

    init?(argument: String) {
        names = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy({ !$0.isEmpty }), names.count <= GroupMessage.memberLimit else { return nil }
    }
}

/// `kelmark id multisig create`.
struct MultisigCreateCommand: KelmarkCommand {
    static let path = "id multisig create"
    static let configuration = CommandConfiguration.kelmark(
        "create", "Proposes a new group, or agrees to the same one when another member was faster.",
        about: "Every member must be known here: by kelmark oobi resolve. All name the members in the same order.",
        examples: [
            CommandExample(
                "two of three",
                "kelmark id multisig create board --member alice --members alice,bob,carol --threshold 2"),
            CommandExample(
                "with witnesses, and wait for the others",
                "kelmark id multisig create board --member alice --members alice,bob --witness BB…AID --toad 1 --wait 60"
            ),
            CommandExample(
                "under a delegator",
                "kelmark id multisig create issuers --member alice --members alice,bob --delegator acme"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions
    @Argument(help: "A name for it, yours alone.")
    var name: String
    @Option(help: ArgumentHelp("Name of the AID of yours that takes part.", valueName: "name"))
    var member: String
    @Option(help: ArgumentHelp("Whose keys sign, in order: names or AIDs joined by commas.", valueName: "members"))
    var members: MemberList
    @Option(help: ArgumentHelp("Who rotates next, when others than those who sign.", valueName: "members"))
    var rotating: MemberList?
    @Option(help: ArgumentHelp("How many sign, or weights like 1/2,1/2,1/4.", valueName: "threshold"))
    var threshold: ThresholdArgument?
    @Option(help: ArgumentHelp("How many sign the next rotation.", valueName: "threshold"))
    var nextThreshold: ThresholdArgument?
    @Option(name: .customLong("witness"), help: ArgumentHelp("A witness; may be repeated.", valueName: "AID"))
    var witnesses: [IdentifierArgument<AID>] = []
    @Option(name: .customLong("toad"), help: ArgumentHelp("How many witnesses must receipt.", valueName: "count"))
    var witnessThreshold: UInt32?
    @Option(name: .customLong("trait"), help: ArgumentHelp("EO, DND or another trait.", valueName: "trait"))
    var traits: [String] = []
    @Option(help: ArgumentHelp("Who must approve it.", valueName: "name"), completion: NameCompletion.kind)
    var delegator: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard OwnedIdentifier.isValid(name: name) else {
            throw ControllerError(.nameMalformed, "\(printable(name)) is no name")
        }
        return try await context.rounds(for: waiting.wait) { desk, round in
            if round == 0 {
                var plan = GroupPlan(
                    name: name, member: try desk.wallet.identifier(member).aid,
                    signing: try context.aids(members.names, in: desk.wallet))
                plan.rotation = try rotating.map { try context.aids($0.names, in: desk.wallet) }
                plan.signingThreshold = threshold?.threshold
                plan.nextThreshold = nextThreshold?.threshold
                plan.witnesses = witnesses.map(\.id)
                plan.witnessThreshold = witnessThreshold
                plan.traits = traits
                plan.delegator = try delegator.map { try context.aid($0, in: desk.wallet) }
                try await desk.refreshMembers(plan.signing + (plan.rotation ?? []))
                _ = try await desk.groups.incept(plan, now: context.now)
            }
            return try await context.result(of: name, desk, round)
        }
    }
}

/// `kelmark id multisig rotate`.
struct MultisigRotateCommand: KelmarkCommand {
    static let path = "id multisig rotate"
    static let configuration = CommandConfiguration.kelmark(
        "rotate", "Proposes a rotation of a group: new keys, other members, other witnesses.",
        about: "Every member that signs must have rotated its own AID before; kelmark fetches their logs.",
        examples: [
            CommandExample("new keys of the same members", "kelmark id rotate alice; kelmark id multisig rotate board"),
            CommandExample("another member", "kelmark id multisig rotate board --rotating alice,bob,dave"),
            CommandExample("change witnesses", "kelmark id multisig rotate board --cut BA…AID --add BB…AID --toad 2"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions
    @Argument(help: "Name of the group.", completion: NameCompletion.kind)
    var name: String
    @Option(help: ArgumentHelp("Whose keys sign from now on.", valueName: "members"))
    var members: MemberList?
    @Option(help: ArgumentHelp("Who rotates next.", valueName: "members"))
    var rotating: MemberList?
    @Option(help: ArgumentHelp("How many sign, or weights.", valueName: "threshold"))
    var threshold: ThresholdArgument?
    @Option(help: ArgumentHelp("How many sign the next rotation.", valueName: "threshold"))
    var nextThreshold: ThresholdArgument?
    @Option(name: .customLong("cut"), help: ArgumentHelp("A witness to remove; may be repeated.", valueName: "AID"))
    var cuts: [IdentifierArgument<AID>] = []
    @Option(name: .customLong("add"), help: ArgumentHelp("A witness to add; may be repeated.", valueName: "AID"))
    var adds: [IdentifierArgument<AID>] = []
    @Option(name: .customLong("toad"), help: ArgumentHelp("How many witnesses must receipt.", valueName: "count"))
    var witnessThreshold: UInt32?
    @OptionGroup var anchors: AnchorOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let members = try anchors.members()
        return try await context.rounds(for: waiting.wait) { desk, round in
            if round == 0 {
                let group = try desk.groups.group(name)
                var plan = GroupRotationPlan()
                plan.signing = try self.members.map { try context.aids($0.names, in: desk.wallet) }
                plan.rotation = try rotating.map { try context.aids($0.names, in: desk.wallet) }
                plan.signingThreshold = threshold?.threshold
                plan.nextThreshold = nextThreshold?.threshold
                plan.witnessesCut = cuts.map(\.id)
                plan.witnessesAdded = adds.map(\.id)
                plan.witnessThreshold = witnessThreshold
                plan.anchors = members
                try await desk.refreshMembers((plan.signing ?? group.signing) + (plan.rotation ?? group.rotation))
                _ = try await desk.groups.rotate(name, plan, now: context.now)
            }
            return try await context.result(of: name, desk, round)
        }
    }
}

/// `kelmark id multisig anchor`.
struct MultisigAnchorCommand: KelmarkCommand {
    static let path = "id multisig anchor"
    static let configuration = CommandConfiguration.kelmark(
        "anchor", "Proposes that a group anchors digests, seals or data in its log.",
        examples: [
            CommandExample("a document by its digest", "kelmark id multisig anchor board --digest EK…SAID"),
            CommandExample("approve a delegate", "kelmark id multisig anchor board --seal EI…AID:0:EJ…SAID"),
            CommandExample("any JSON value", "kelmark id multisig anchor board --data note.json --wait 60"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions
    @Argument(help: "Name of the group.", completion: NameCompletion.kind)
    var name: String
    @OptionGroup var anchors: AnchorOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let members = try anchors.members()
        guard !members.isEmpty else {
            throw CommandFailure(
                "KM-USAGE", "nothing to anchor", next: "\(Product.command) id multisig anchor --help")
        }
        return try await context.rounds(for: waiting.wait) { desk, round in
            if round == 0 { _ = try await desk.groups.anchor(name, members, now: context.now) }
            return try await context.result(of: name, desk, round)
        }
    }
}

extension CommandContext {
    /// One round of work for a group, and what to say about it.
    func result(of name: String, _ desk: Desk, _ round: Int) async throws -> (result: CommandResult, isDone: Bool) {
        let before = try desk.groups.group(name)
        let open = before.proposals.filter { $0.stage == .approved }.map(\.event.said)
        let progress = try await desk.advance(before, isFirst: round == 0, now: now)
        let group = try desk.groups.group(name)
        let isDone = progress.allSatisfy { $0.stage.isSettled && $0.undelivered.isEmpty || $0.stage == .proposed }
        console.detail("round \(round): \(open.count) events of \(name) on their way")
        return (try GroupView.result(progress, group: group, wallet: desk.wallet), isDone)
    }
}
