// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// A watcher as `AID@URL`.
struct WatcherMember: ExpressibleByArgument, Sendable {
    let member: WatcherQuorum.Member

    init?(argument: String) {
        let parts = argument.split(separator: "@", maxSplits: 1).map(String.init)
        guard parts.count == 2, let aid = AID(parts[0]), let url = PeerURL(parts[1]), url.scheme != .tcp else {
            return nil
        }
        member = WatcherQuorum.Member(aid: aid, url: url)
    }
}

/// `kelmark watcher ask`.
struct WatcherAskCommand: KelmarkCommand {
    static let path = "watcher ask"
    static let configuration = CommandConfiguration.kelmark(
        "ask", "Asks several watchers for the latest event of an AID, and believes what enough of them sign.",
        about:
            "Each answer must be signed by the watcher, fresh, and rest on as many witnesses as the AID demands. One "
            + "proof of a contradiction outweighs all of them. Exit 0 agreed, 1 contradicted, 3 too few or behind.",
        examples: [
            CommandExample(
                "two of two",
                "kelmark watcher ask acme --of BA…AID@http://a.example:7632 --of BB…AID@http://b.example:7632"
            ),
            CommandExample(
                "one of two, within 10 seconds",
                "kelmark watcher ask acme --of BA…AID@http://a.example:7632 --of BB…AID@http://b.example:7632 --needed 1 "
                    + "--fresh 10"),
            CommandExample("for a script", "kelmark watcher ask acme --of BA…AID@http://a.example:7632 --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name or AID.", completion: NameCompletion.kind)
    var name: String
    @Option(name: .customLong("of"), help: ArgumentHelp("A watcher; may be repeated.", valueName: "AID@URL"))
    var watchers: [WatcherMember]
    @Option(help: ArgumentHelp("How many must agree; more than half unless given.", valueName: "count"))
    var needed: Int?
    @Option(help: ArgumentHelp("How many seconds old what they say may be.", valueName: "seconds"))
    var fresh = 60

    func validate() throws {
        guard (1...64).contains(watchers.count) else { throw ValidationError("--of is needed, 64 times at most.") }
        guard needed.map({ (1...watchers.count).contains($0) }) ?? true else {
            throw ValidationError("--needed takes 1 to the number of watchers.")
        }
        guard (1...86_400).contains(fresh) else { throw ValidationError("--fresh takes 1 to 86400.") }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        let wallet: HomeWallet? = context.home.isInitialised ? try context.readingWallet() : nil
        let aid: AID
        if let given = AID(name) { aid = given } else { aid = try context.aid(name, in: try context.readingWallet()) }
        let known = try wallet?.keyState(of: aid).map { EventSeal(aid: aid, sn: $0.sn, said: $0.said) }
        let report = try await context.reachingPeers { transport in
            await WatcherQuorum(
                watchers.map(\.member), needed: needed ?? watchers.count / 2 + 1, freshness: .seconds(fresh),
                transport: transport, clock: SystemClock()
            ).ask(about: aid, known: known)
        }
        return result(aid, report)
    }

    private func result(_ aid: AID, _ report: WatcherQuorum.Report) -> CommandResult {
        let answers = report.answers.sorted { $0.key < $1.key }
        var data: OrderedMap = [
            "aid": .text(aid.text),
            "answers": .list(
                answers.map { watcher, answer in
                    switch answer {
                    case .success(let statement):
                        [
                            "watcher": .text(watcher.text), "s": .text(statement.latest.sn.hex),
                            "d": .text(statement.latest.said.text), "dated": .text(statement.dated.description),
                        ]
                    case .failure(let reason): ["watcher": .text(watcher.text), "fault": .text(reason.rawValue)]
                    }
                }),
        ]
        var text = answers.map { watcher, answer in
            switch answer {
            case .success(let statement): "  \(watcher)  event \(statement.latest.sn.hex)  \(statement.latest.said)"
            case .failure(let reason): "  \(watcher)  \(reason.rawValue)"
            }
        }
        var concern: CommandFailure?
        switch report.outcome {
        case .agreed(let seal):
            data["outcome"] = "agreed"
            data["latest"] = seal.value
            text.insert("the log of \(name) ends at \(seal.sn.hex), \(seal.said)", at: 0)
        case .behind(let seal):
            data["outcome"] = "behind"
            data["latest"] = seal.value
            text.insert("the watchers are behind: they know \(name) up to \(seal.sn.hex)", at: 0)
            concern = CommandFailure(
                "KM-WATCHER-BEHIND", "the log of \(name) here is longer than what the watchers have seen",
                next: "\(Product.command) id publish \(name)", data: data)
        case .duplicitous(let found):
            data["outcome"] = "duplicitous"
            data["contradictions"] = OrderedValue(found.count)
            text.insert("\(name) has contradicted itself", at: 0)
            concern = CommandFailure(
                "KM-AID-DUPLICITY", "the controller of \(aid) signed two events for one position",
                next: "\(Product.command) watcher status \(aid) --evidence proof.cesr", data: data)
        case .undecidable:
            data["outcome"] = "undecidable"
            text.insert("too few watchers agree", at: 0)
            concern = CommandFailure(
                "KM-WATCHER-NO-QUORUM", "\(needed ?? watchers.count / 2 + 1) watchers must agree about \(name)",
                next: "\(Product.command) watcher status \(aid) --watcher URL", data: data)
        }
        return CommandResult(data: data, text: text, concern: concern)
    }
}
