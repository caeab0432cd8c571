// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// `kelmark kel fetch`.
struct KelFetchCommand: KelmarkCommand {
    static let path = "kel fetch"
    static let configuration = CommandConfiguration.kelmark(
        "fetch", "Asks for what is new in the log of somebody.",
        about:
            "Its witnesses are asked as anybody can ask them. With --as the question is signed by an AID of yours and "
            + "can wait for an event; the answer comes by the mailbox there.",
        examples: [
            CommandExample("of a contact", "kelmark kel fetch bob"),
            CommandExample("once it has reached an event", "kelmark kel fetch bob --as alice --reaching 5"),
            CommandExample("its key state, signed by a witness", "kelmark kel fetch bob --as alice --state"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name or AID.", completion: NameCompletion.kind)
    var name: String
    @Option(name: .customLong("as"), help: ArgumentHelp("The AID of yours that asks.", valueName: "name"))
    var own: String?
    @Option(help: ArgumentHelp("Position (hexadecimal) that the log must have reached.", valueName: "position"))
    var reaching: SequenceNumberArgument?
    @Option(help: ArgumentHelp("An event that the log must seal.", valueName: "AID:sn:SAID"))
    var sealing: SealArgument?
    @Flag(help: "Ask for a signed key state only.")
    var state = false

    func validate() throws {
        if own == nil, reaching != nil || sealing != nil || state {
            throw ValidationError("--reaching, --sealing and --state need --as.")
        }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        try await context.atDesk { desk in
            let aid = try context.aid(name, in: desk.wallet)
            let answers: [(endpoint: AID, word: String, messages: Int)]
            if let own {
                answers = try await ask(desk, aid, as: try desk.wallet.identifier(own).aid)
            } else {
                answers = try await desk.introducer.refresh(aid).map { endpoint, result in
                    switch result {
                    case .taken(_, let messages): (endpoint, "taken", messages)
                    case .failed(let error): (endpoint, error.description, 0)
                    }
                }
            }
            return try Self.result(aid, name, answers, desk)
        }
    }

    /// Asks the witnesses one after the other until one answers.
    private func ask(_ desk: Desk, _ aid: AID, as own: AID) async throws -> [(
        endpoint: AID, word: String, messages: Int
    )] {
        var answers: [(endpoint: AID, word: String, messages: Int)] = []
        for witness in try desk.wallet.keyState(of: aid)?.witnesses ?? [] {
            do {
                let count = try await desk.inquirer.ask(
                    state ? .keyState : .log(reaching: reaching?.sn, sealing: sealing?.seal), about: aid, of: witness,
                    as: own, idle: .seconds(2))
                answers.append((witness, count > 0 ? "taken" : "no answer yet", count))
                if count > 0 { break }
            } catch let error as PostError {
                answers.append((witness, error.description, 0))
            } catch let error as TransportError {
                answers.append((witness, error.description, 0))
            }
        }
        return answers
    }

    private static func result(
        _ aid: AID, _ name: String, _ answers: [(endpoint: AID, word: String, messages: Int)], _ desk: Desk
    ) throws -> CommandResult {
        var data: OrderedMap = [
            "aid": .text(aid.text),
            "answers": .list(
                answers.map {
                    [
                        "endpoint": .text($0.endpoint.text), "result": .text($0.word),
                        "messages": OrderedValue($0.messages),
                    ]
                }),
        ]
        var text: [String] = []
        if let state = try desk.wallet.keyState(of: aid) {
            data["state"] = .map(state.record)
            text = IdentifierView.text(of: state, name: name == aid.text ? nil : name)
        }
        for answer in answers { text.append("  asked \(answer.endpoint)  \(printable(answer.word))") }
        var result = CommandResult(data: data, text: text)
        if answers.isEmpty {
            result.concern = CommandFailure(
                "KM-POST-NO-ADDRESS", "nobody is known who has the log of \(name)",
                next: "\(Product.command) oobi resolve URL", data: data)
        } else if answers.allSatisfy({ $0.messages == 0 }) {
            result.concern = CommandFailure(
                "KM-POST-NOT-TAKEN", "nobody answered with the log of \(name)",
                next: "\(Product.command) kel fetch \(name)",
                data: data)
        }
        return result
    }
}
