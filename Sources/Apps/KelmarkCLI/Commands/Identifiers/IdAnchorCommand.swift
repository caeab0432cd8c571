// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// What goes into the member `a` of an event.
struct AnchorOptions: ParsableArguments {
    @Option(name: .customLong("digest"), help: ArgumentHelp("A SAID to anchor; may be repeated.", valueName: "SAID"))
    var digests: [IdentifierArgument<SAID>] = []
    @Option(
        name: .customLong("seal"),
        help: ArgumentHelp("An event of another log to seal; may be repeated.", valueName: "AID:sn:SAID"))
    var seals: [SealArgument] = []
    @Option(
        help: ArgumentHelp("JSON file whose value, or whose list of values, is anchored.", valueName: "file"),
        completion: .file())
    var data: String?

    /// The members of `a`: digests, seals, data, in this order.
    func members() throws -> [OrderedValue] {
        var members = digests.map { Seal.digest($0.id).value } + seals.map(\.seal.value)
        guard let data else { return members }
        var bytes = try DurableFile.read(data, atMost: 1 << 20)
        // Editors end a file with a line break.
        while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
        let value: OrderedValue
        do {
            value = try OrderedValue(parsing: bytes.span, format: .json)
        } catch {
            let failure = ErrorTranslation.failure(for: error)
            throw CommandFailure(failure.code, "\(data): \(failure.cause)", next: failure.next)
        }
        if let list = value.listValue { members += list } else { members.append(value) }
        return members
    }
}

/// An event as `AID:sn:SAID`.
struct SealArgument: ExpressibleByArgument, Sendable {
    let seal: EventSeal

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let aid = AID(parts[0]), let sn = SequenceNumber(hex: parts[1]),
            let said = SAID(parts[2])
        else { return nil }
        seal = EventSeal(aid: aid, sn: sn, said: said)
    }
}

/// `kelmark id anchor`.
struct IdAnchorCommand: KelmarkCommand {
    static let path = "id anchor"
    static let configuration = CommandConfiguration.kelmark(
        "anchor", "Anchors digests, seals or data in the log of an AID.",
        about: "An interaction event, signed by the current keys. JSON data is compact: no white space.",
        examples: [
            CommandExample("a document by its digest", "kelmark id anchor acme --digest EK…SAID"),
            CommandExample("an event of another log", "kelmark id anchor acme --seal EI…AID:0:EJ…SAID"),
            CommandExample("any JSON value", "kelmark id anchor acme --data note.json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @Argument(help: "Name of the AID.", completion: NameCompletion.kind)
    var name: String
    @OptionGroup var anchors: AnchorOptions
    @Option(help: "json, cbor or msgpack.")
    var format = FormatArgument.json
    @Option(help: ArgumentHelp("Which keys sign, like 0,2; all unless given.", valueName: "numbers"))
    var signWith: NumberList?
    @Flag(help: "Write an interaction even when there is nothing to anchor.")
    var empty = false

    func validate() throws {
        if anchors.digests.isEmpty, anchors.seals.isEmpty, anchors.data == nil, !empty {
            throw ValidationError("Give something to anchor: --digest, --seal or --data.")
        }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        let members = try anchors.members()
        return try await context.changing(dryRun: write.dryRun) { wallet in
            let controller = try Controller(wallet, name)
            let authored = try await controller.anchor(
                members, signers: signWith?.numbers, format: format.format, now: context.now)
            return try await context.publishing(
                authored, of: wallet, name: controller.identifier.name, verb: "anchored in", options: publish,
                dryRun: write.dryRun)
        }
    }
}
