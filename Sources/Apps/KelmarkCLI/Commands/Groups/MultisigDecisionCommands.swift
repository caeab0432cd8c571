// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// `kelmark id multisig list`.
struct MultisigListCommand: KelmarkCommand {
    static let path = "id multisig list"
    static let configuration = CommandConfiguration.kelmark(
        "list", "Shows your groups, and what their members propose.",
        examples: [
            CommandExample("what is known", "kelmark id multisig list"),
            CommandExample("look into the mailboxes first", "kelmark id multisig list --fetch"),
            CommandExample("one group, for a script", "kelmark id multisig list board --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name of a group.", completion: NameCompletion.kind)
    var name: String?
    @Flag(help: "Read the mailboxes of your AIDs before.")
    var fetch = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        if fetch {
            try await context.atDesk { desk in
                for one in try desk.wallet.identifiers() where try desk.groups.list().allSatisfy({ $0.aid != one.aid })
                {
                    _ = try await desk.readMail(for: one.aid, now: context.now)
                }
            }
        }
        try context.home.requireUsable()
        var groups = try StateFile(groupsOf: context.home).load().groups
        if let name {
            groups = groups.filter { $0.name == name || $0.aid.text == name }
            guard !groups.isEmpty else { throw GroupError(.groupUnknown, "no group is called \(printable(name))") }
        }
        return CommandResult(
            data: ["groups": .list(groups.map { .map(GroupView.data(of: $0)) })],
            text: groups.isEmpty ? ["no groups"] : groups.flatMap(GroupView.text))
    }
}

/// `kelmark id multisig approve`.
struct MultisigApproveCommand: KelmarkCommand {
    static let path = "id multisig approve"
    static let configuration = CommandConfiguration.kelmark(
        "approve", "Signs an event that another member of a group proposes.",
        about: "Look at it first: kelmark id multisig list. Your member signs no other event for the same place "
            + "afterwards. The options demand what the event must be.",
        examples: [
            CommandExample("join a new group", "kelmark id multisig approve EK…SAID --name board"),
            CommandExample(
                "only if these are the members",
                "kelmark id multisig approve EK…SAID --name board --members alice,bob,carol"),
            CommandExample("and wait for the others", "kelmark id multisig approve EK…SAID --wait 60"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions
    @Argument(help: ArgumentHelp("The event.", valueName: "SAID"))
    var event: IdentifierArgument<SAID>
    @Option(help: ArgumentHelp("What a new group shall be called here.", valueName: "name"))
    var name: String?
    @Option(help: ArgumentHelp("Whose keys must sign and rotate next, in order.", valueName: "members"))
    var members: MemberList?
    @Option(help: ArgumentHelp("Who must rotate next, when others than --members.", valueName: "members"))
    var rotating: MemberList?
    @Option(name: .customLong("witness"), help: ArgumentHelp("The witnesses it must leave in force.", valueName: "AID"))
    var witnesses: [IdentifierArgument<AID>] = []
    @Option(name: .customLong("toad"), help: ArgumentHelp("How many must receipt.", valueName: "count"))
    var witnessThreshold: UInt32?
    @Option(help: ArgumentHelp("Who must be the delegator of a new group.", valueName: "name"))
    var delegator: String?
    @Option(help: ArgumentHelp("What the threshold must be.", valueName: "threshold"))
    var threshold: ThresholdArgument?
    @Option(help: ArgumentHelp("What the threshold of the next keys must be.", valueName: "threshold"))
    var nextThreshold: ThresholdArgument?

    func validate() throws {
        if let name, !OwnedIdentifier.isValid(name: name) {
            throw ValidationError("--name takes 1 to 64 letters, digits, dots, hyphens and underscores.")
        }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.rounds(for: waiting.wait) { desk, round in
            if round == 0 {
                var expectation = GroupExpectation()
                expectation.signing = try members.map { try context.aids($0.names, in: desk.wallet) }
                expectation.rotation = try (rotating ?? members).map { try context.aids($0.names, in: desk.wallet) }
                expectation.signingThreshold = threshold?.threshold
                expectation.nextThreshold = nextThreshold?.threshold
                if !witnesses.isEmpty { expectation.witnesses = witnesses.map(\.id) }
                expectation.witnessThreshold = witnessThreshold
                expectation.delegator = try delegator.map { try context.aid($0, in: desk.wallet) }
                _ = try await desk.groups.approve(
                    event.id, named: name, expecting: expectation, now: context.now)
            }
            guard let group = try desk.groups.list().first(where: { $0.proposal(event.id) != nil }) else {
                throw GroupError(.proposalUnknown, "there is no proposal \(event.id)")
            }
            return try await context.result(of: group.aid.text, desk, round)
        }
    }
}

/// `kelmark id multisig decline`.
struct MultisigDeclineCommand: KelmarkCommand {
    static let path = "id multisig decline"
    static let configuration = CommandConfiguration.kelmark(
        "decline", "Says no to an event that another member proposes.",
        about: "The others can still complete it without your signature, where the threshold allows.",
        examples: [
            CommandExample("look at it", "kelmark id multisig list"),
            CommandExample("say no", "kelmark id multisig decline EK…SAID"),
            CommandExample("for a script", "kelmark id multisig decline EK…SAID --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("The event.", valueName: "SAID"))
    var event: IdentifierArgument<SAID>

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.atDesk { desk in
            try desk.groups.decline(event.id)
            return CommandResult(
                data: ["d": .text(event.id.text), "stage": "declined"], text: ["declined \(event.id)"])
        }
    }
}

/// `kelmark id multisig withdraw`.
struct MultisigWithdrawCommand: KelmarkCommand {
    static let path = "id multisig withdraw"
    static let configuration = CommandConfiguration.kelmark(
        "withdraw", "Stands by an event no longer, so that another one can be approved for its place.",
        about: "Your signature is out: whoever has it can still complete the event, and a group that completes two has "
            + "contradicted itself for all to see. So all members must have agreed to let it go.",
        examples: [
            CommandExample("see what would be let go", "kelmark id multisig withdraw EK…SAID"),
            CommandExample("let it go", "kelmark id multisig withdraw EK…SAID --yes"),
            CommandExample("what is on its way", "kelmark id multisig list"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var destructive: DestructiveOptions
    @Argument(help: ArgumentHelp("The event.", valueName: "SAID"))
    var event: IdentifierArgument<SAID>

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard destructive.yes else {
            throw CommandFailure(
                "KM-NEEDS-YES", "your signature of \(event.id) would count no longer here, but others have it",
                next: "\(Product.command) id multisig withdraw \(event.id) --yes")
        }
        return try await context.atDesk { desk in
            try desk.groups.withdraw(event.id)
            return CommandResult(
                data: ["d": .text(event.id.text), "stage": "declined"], text: ["withdrawn from \(event.id)"])
        }
    }
}

/// `kelmark id multisig follow`.
struct MultisigFollowCommand: KelmarkCommand {
    static let path = "id multisig follow"
    static let configuration = CommandConfiguration.kelmark(
        "follow", "Takes events into the log that the other members completed without your signature.",
        about: "Everybody else takes them already; only the log of an AID of yours is never moved by what others send.",
        examples: [
            CommandExample("fetch the log and follow", "kelmark id multisig follow board"),
            CommandExample("see what waits", "kelmark waiting board"),
            CommandExample("for a script", "kelmark id multisig follow board --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name of the group.", completion: NameCompletion.kind)
    var name: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.atDesk { desk in
            let group = try desk.groups.group(name)
            try await desk.refreshMembers(group.signing + group.rotation)
            _ = try await desk.introducer.refresh(group.aid)
            let followed = try await desk.groups.follow(name, now: context.now)
            if followed.contains(where: { !$0.outcome.isInLog }) {
                // Receipts count for an event that is ours only once we stand by it.
                _ = try await desk.introducer.refresh(group.aid)
                _ = try await desk.groups.follow(name, now: context.now)
            }
            let log = try desk.wallet.keyState(of: group.aid)
            var result = CommandResult(
                data: [
                    "name": .text(name), "aid": .text(group.aid.text),
                    "followed": .list(
                        followed.map { one in
                            [
                                "s": .text(one.event.sn.hex), "d": .text(one.event.said.text),
                                "outcome": .text(log.map { one.event.sn <= $0.sn } ?? false ? "accepted" : "waiting"),
                            ]
                        }),
                ],
                text: followed.isEmpty
                    ? ["nothing to follow"]
                    : followed.map { "  event \($0.event.sn.hex)  \($0.event.said)" })
            if let log {
                result.data["state"] = .map(log.record)
                result.text.append("  log ends at \(log.sn.hex), \(log.said)")
            }
            return result
        }
    }
}

/// `kelmark id multisig resume`.
struct MultisigResumeCommand: KelmarkCommand {
    static let path = "id multisig resume"
    static let configuration = CommandConfiguration.kelmark(
        "resume", "Goes on with the events of a group: reads mail, sends, asks for seals and receipts.",
        about: "Nothing is decided anew: only what your member agreed to is brought on.",
        examples: [
            CommandExample("one look", "kelmark id multisig resume board"),
            CommandExample("wait for the others", "kelmark id multisig resume board --wait 120"),
            CommandExample(
                "send our copies again, as when theirs got lost", "kelmark id multisig resume board --resend"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions
    @Argument(help: "Name of the group.", completion: NameCompletion.kind)
    var name: String
    @Flag(help: "Send our copies once more to members that have not signed.")
    var resend = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.rounds(for: waiting.wait) { desk, round in
            if resend, round == 0 { _ = try await desk.groups.resume(now: context.now, resending: true) }
            return try await context.result(of: name, desk, round)
        }
    }
}
