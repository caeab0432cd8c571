// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite
internal import TrustBinding

/// `kelmark id rotate`.
struct IdRotateCommand: KelmarkCommand {
    static let path = "id rotate"
    static let configuration = CommandConfiguration.kelmark(
        "rotate", "Replaces the keys of an AID by its pre-rotated ones.",
        about: "New pre-rotated keys are made and kept before the event that commits to them is signed. --reveal uses "
            + "some of the pre-rotated keys and keeps the others for later. --at recovers: the rotation takes the "
            + "place of the interactions from that position on. Registry events that were sealed there lose their seals; "
            + "revocations and withdrawals are sealed again by the rotation, issuances only with --reseal all, for a thief may have "
            + "made them.",
        examples: [
            CommandExample("all keys", "kelmark id rotate acme"),
            CommandExample("two of the three pre-rotated keys", "kelmark id rotate acme --reveal 0,2 --threshold 2"),
            CommandExample("change witnesses", "kelmark id rotate acme --cut BA…AID --add BB…AID --toad 2"),
            CommandExample("recover from a stolen signing key", "kelmark id rotate acme --at 4"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @Argument(help: "Name of the AID.", completion: NameCompletion.kind)
    var name: String
    @Option(help: ArgumentHelp("Which pre-rotated keys to use, like 0,2.", valueName: "numbers"))
    var reveal: NumberList?
    @Flag(help: "Drop the pre-rotated keys that are not revealed.")
    var dropUnrevealed = false
    @Option(help: ArgumentHelp("How many new signing keys to add.", valueName: "count"))
    var addKeys = 0
    @Option(help: ArgumentHelp("How many keys sign from now on, or weights.", valueName: "threshold"))
    var threshold: ThresholdArgument?
    @Option(help: ArgumentHelp("Number of pre-rotated keys afterwards.", valueName: "count"))
    var nextKeys: Int?
    @Option(help: ArgumentHelp("How many of them sign the next rotation.", valueName: "threshold"))
    var nextThreshold: ThresholdArgument?
    @Option(name: .customLong("cut"), help: ArgumentHelp("A witness to remove; may be repeated.", valueName: "AID"))
    var cuts: [IdentifierArgument<AID>] = []
    @Option(name: .customLong("add"), help: ArgumentHelp("A witness to add; may be repeated.", valueName: "AID"))
    var adds: [IdentifierArgument<AID>] = []
    @Option(name: .customLong("toad"), help: ArgumentHelp("How many witnesses must receipt.", valueName: "count"))
    var witnessThreshold: UInt32?
    @Option(help: ArgumentHelp("Position (hexadecimal) to recover at.", valueName: "position"))
    var at: SequenceNumberArgument?
    @Option(help: "With --at, what is sealed again: revocations (and withdrawals), all, or none.")
    var reseal = ResealArgument.revocations
    @OptionGroup var anchors: AnchorOptions
    @Option(help: "json, cbor or msgpack.")
    var format = FormatArgument.json
    @Option(help: ArgumentHelp("Which of the new keys sign, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func validate() throws {
        guard (0...64).contains(addKeys) else { throw ValidationError("--add-keys takes 0 to 64.") }
        guard nextKeys.map({ (0...64).contains($0) }) ?? true else {
            throw ValidationError("--next-keys takes 0 to 64.")
        }
        if nextKeys == 0 { throw ValidationError("A rotation without next keys ends the AID: kelmark id abandon.") }
        if dropUnrevealed, reveal == nil { throw ValidationError("--drop-unrevealed needs --reveal.") }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        var plan = RotationPlan()
        plan.reveal = reveal?.numbers
        plan.carriesUnrevealed = !dropUnrevealed
        plan.addedKeyCount = addKeys
        plan.signingThreshold = threshold?.threshold
        plan.nextCount = nextKeys
        plan.nextThreshold = nextThreshold?.threshold
        plan.witnessesCut = cuts.map(\.id)
        plan.witnessesAdded = adds.map(\.id)
        plan.witnessThreshold = witnessThreshold
        plan.position = at?.sn
        plan.format = format.format
        plan.signers = signWith?.numbers
        plan.anchors = try anchors.members()
        return try await context.issuing(dryRun: write.dryRun) { [plan] desk in
            var plan = plan
            let controller = try Controller(desk.wallet, name)
            let lost = try at.map { try desk.issuing.superseded(at: $0.sn, of: controller.aid) } ?? []
            let kept = lost.filter { reseal == .all || (reseal == .revocations && $0.isOfRevocation) }
            plan.anchors += kept.map(\.seal.value)
            let withdrawals = try reseal == .none ? [] : self.withdrawals(of: controller.aid, desk.wallet, context)
            plan.anchors += withdrawals.map { Seal.digest($0).value }
            let authored = try await controller.rotate(plan, now: context.now)
            var result = try await context.publishing(
                authored, of: desk.wallet, name: controller.identifier.name, verb: "rotated", options: publish,
                dryRun: write.dryRun)
            if !withdrawals.isEmpty {
                result.data["withdrawals"] = .list(withdrawals.map { .text($0.text) })
                result.text += withdrawals.map { "  withdrawal \($0)  sealed again" }
            }
            guard !lost.isEmpty else { return result }
            func view(_ item: SupersededSeal) -> OrderedValue {
                [
                    "t": .text(item.kind.rawValue), "subject": .text(item.seal.aid.text), "s": .text(item.seal.sn.hex),
                    "d": .text(item.seal.said.text), "sealedAgain": .boolean(kept.contains(item)),
                ]
            }
            result.data["registryEvents"] = .list(lost.map(view))
            result.text += lost.map { item in
                "  \(item.kind.rawValue) of \(item.seal.aid)  \(kept.contains(item) ? "sealed again" : "has lost its seal")"
            }
            return result
        }
    }
}

extension IdRotateCommand {
    /// The withdrawals of authority statements that the recovery takes away. What was withdrawn stays so, whoever did it;
    /// a proof file that leaves the superseded branch out must not hide it.
    private func withdrawals(of aid: AID, _ wallet: HomeWallet, _ context: CommandContext) throws -> [SAID] {
        guard let at else { return [] }
        let records = try IssuerFolder(path: context.home.issuers).records.records().filter { record in
            if case .withdrawal = record { true } else { false }
        }
        return try wallet.superseded(records, at: at.sn, of: aid).compactMap { SAID($0.said) }
    }
}

/// Which registry events a recovery seals again.
enum ResealArgument: String, ExpressibleByArgument, CaseIterable, Sendable { case revocations, all, none }

/// `kelmark id abandon`.
struct IdAbandonCommand: KelmarkCommand {
    static let path = "id abandon"
    static let configuration = CommandConfiguration.kelmark(
        "abandon", "Ends an AID: a last rotation without next keys.",
        about: "Nobody, not even you, can add events afterwards. Without --yes only what would end is shown.",
        examples: [
            CommandExample("see what would end", "kelmark id abandon acme"),
            CommandExample("end it", "kelmark id abandon acme --yes"),
            CommandExample("decide but write nothing", "kelmark id abandon acme --yes --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @OptionGroup var destructive: DestructiveOptions
    @Argument(help: "Name of the AID.", completion: NameCompletion.kind)
    var name: String
    @Option(help: ArgumentHelp("Which keys sign, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard destructive.yes else {
            let wallet = try context.readingWallet()
            let controller = try Controller(wallet, name)
            let state = try controller.keyState()
            let delegates = try wallet.store.read { transaction in
                try transaction.aids(after: nil, limit: 100_000)
                    .filter { try transaction.keyState(of: $0)?.delegator == controller.aid }
            }
            context.console.output(context.console.isJSON ? [] : IdentifierView.text(of: state, name: name))
            throw CommandFailure(
                "KM-NEEDS-YES",
                "\(name) (\(state.aid)) would end at \(state.sn.next?.hex ?? "") with \(delegates.count) delegates",
                next: "\(Product.command) id abandon \(name) --yes",
                data: ["state": .map(state.record), "delegates": .list(delegates.map { .text($0.text) })])
        }
        return try await context.changing(dryRun: write.dryRun) { wallet in
            let controller = try Controller(wallet, name)
            var plan = RotationPlan()
            plan.isAbandonment = true
            plan.signers = signWith?.numbers
            let authored = try await controller.rotate(plan, now: context.now)
            return try await context.publishing(
                authored, of: wallet, name: name, verb: "abandoned", options: publish, dryRun: write.dryRun)
        }
    }
}
