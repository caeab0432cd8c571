// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// `kelmark challenge`.
struct ChallengeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "challenge", "Shows that somebody whom you talk to holds the keys of an AID now.",
        about:
            "You tell somebody words by another way, on the telephone or face to face; the answer is signed with the "
            + "keys of the AID.",
        examples: [
            CommandExample("make words and tell them", "kelmark challenge make"),
            CommandExample(
                "answer words that you were told", "kelmark challenge respond bob --as alice gaduba zirumo …"),
            CommandExample("has the answer come?", "kelmark challenge verify bob --as alice --wait 60 gaduba zirumo …"),
        ],
        subcommands: [ChallengeMakeCommand.self, ChallengeRespondCommand.self, ChallengeVerifyCommand.self])
}

/// `kelmark challenge make`.
struct ChallengeMakeCommand: KelmarkCommand {
    static let path = "challenge make"
    static let configuration = CommandConfiguration.kelmark(
        "make", "Makes words to tell somebody; they can be answered once, within an hour.",
        examples: [
            CommandExample("twelve words", "kelmark challenge make"),
            CommandExample("for a script", "kelmark challenge make --json"),
            CommandExample("then", "kelmark challenge verify bob --as alice WORD…"),
        ])

    @OptionGroup var global: GlobalOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.changing(keys: false) { wallet in
            try await context.reachingPeers { transport in
                let desk = Desk(wallet, home: context.home, transport: transport)
                let words = try desk.challenges.give(now: context.now).words
                return CommandResult(
                    data: ["words": .list(words.map { .text($0) })], text: [words.joined(separator: " ")],
                    hints: ["tell them to nobody but whom you ask, and not by the same way as the answer comes"])
            }
        }
    }
}

/// Words of a challenge as they are typed.
struct ChallengeOptions: ParsableArguments {
    @Argument(help: "Name or AID of the other.", completion: NameCompletion.kind)
    var contact: String
    @Option(name: .customLong("as"), help: ArgumentHelp("The AID of yours.", valueName: "name"))
    var own: String
    @Argument(help: "The words.")
    var words: [String]

    func validate() throws {
        guard ChallengeWords(words) != nil else {
            throw ValidationError("Between 4 and \(ChallengeWords.limit) words were expected.")
        }
    }

    var challenge: ChallengeWords {
        get throws {
            guard let challenge = ChallengeWords(words) else {
                throw CommandFailure("KM-USAGE", "these are no words of a challenge")
            }
            return challenge
        }
    }
}

/// `kelmark challenge respond`.
struct ChallengeRespondCommand: KelmarkCommand {
    static let path = "challenge respond"
    static let configuration = CommandConfiguration.kelmark(
        "respond", "Signs words that somebody told you, and sends them to his AID.",
        examples: [
            CommandExample("to a contact", "kelmark challenge respond bob --as alice gaduba zirumo …"),
            CommandExample("know him first", "kelmark oobi resolve URL --alias bob"),
            CommandExample("for a script", "kelmark challenge respond bob --as alice gaduba zirumo … --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ChallengeOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.atDesk { desk in
            let recipient = try context.aid(options.contact, in: desk.wallet)
            try await desk.challenges.answer(
                try options.challenge, to: recipient, as: options.own, now: context.now)
            return CommandResult(
                data: ["to": .text(recipient.text), "as": .text(options.own)],
                text: ["answered \(options.contact)", "  AID  \(recipient)"])
        }
    }
}

/// `kelmark challenge verify`.
struct ChallengeVerifyCommand: KelmarkCommand {
    static let path = "challenge verify"
    static let configuration = CommandConfiguration.kelmark(
        "verify", "Looks whether somebody has answered words of yours; they are spent then.",
        examples: [
            CommandExample("has the answer come?", "kelmark challenge verify bob --as alice gaduba zirumo …"),
            CommandExample("wait for it", "kelmark challenge verify bob --as alice --wait 60 gaduba zirumo …"),
            CommandExample("for a script", "kelmark challenge verify bob --as alice gaduba zirumo … --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var options: ChallengeOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let challenge = try options.challenge
        return try await context.rounds(for: waiting.wait) { desk, _ in
            let sender = try context.aid(options.contact, in: desk.wallet)
            let own = try desk.wallet.identifier(options.own).aid
            _ = try await desk.readMail(for: own, now: context.now)
            do {
                let answer = try desk.challenges.verify(challenge, from: sender, as: own, now: context.now)
                let result = CommandResult(
                    data: [
                        "from": .text(sender.text), "as": .text(own.text), "dated": .text(answer.dated.description),
                        "message": .text(answer.said.text), "verified": true,
                    ],
                    text: [
                        "\(options.contact) holds the keys of \(sender)", "  signed  \(answer.dated)",
                        "  log     known up to \(try desk.wallet.keyState(of: sender)?.sn.hex ?? "")",
                    ])
                return (result, true)
            } catch let error as ChallengeError where error.code == .unanswered {
                let data: OrderedMap = ["from": .text(sender.text), "as": .text(own.text), "verified": false]
                let result = CommandResult(
                    data: data, text: ["no answer of \(options.contact) yet"],
                    concern: CommandFailure(
                        ErrorTranslation.code(for: error.code), error.detail,
                        next:
                            "\(Product.command) challenge verify \(options.contact) --as \(options.own) --wait 60 WORD…",
                        data: data))
                return (result, false)
            }
        }
    }
}
