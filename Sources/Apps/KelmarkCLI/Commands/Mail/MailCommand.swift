// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// `kelmark mail`.
struct MailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "mail", "Reads the mailboxes that witnesses keep for your AIDs.",
        examples: [
            CommandExample("of all your AIDs", "kelmark mail fetch"),
            CommandExample("of one", "kelmark mail fetch alice"),
            CommandExample("and wait for more", "kelmark mail fetch alice --wait 60"),
        ],
        subcommands: [MailFetchCommand.self])
}

/// `kelmark mail fetch`.
struct MailFetchCommand: KelmarkCommand {
    static let path = "mail fetch"
    static let configuration = CommandConfiguration.kelmark(
        "fetch", "Fetches messages: proposals of groups, requests of delegates, answers to challenges, logs, receipts.",
        about: "Nothing is agreed to by reading it: kelmark waiting shows what now waits for you.",
        examples: [
            CommandExample("of all your AIDs", "kelmark mail fetch"),
            CommandExample("of one, waiting for more", "kelmark mail fetch alice --wait 60"),
            CommandExample("for a script", "kelmark mail fetch --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitOptions
    @Argument(help: "Name of an AID of yours; all of them unless given.", completion: NameCompletion.kind)
    var name: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let deadline = ContinuousClock.now + .seconds(waiting.wait)
        return try await context.rounds(for: waiting.wait) { desk, _ in
            let groups = try desk.groups.list().map(\.aid)
            let own =
                try name.map { [try desk.wallet.identifier($0)] }
                ?? desk.wallet.identifiers().filter { !groups.contains($0.aid) }
            var items: [MailItem] = []
            for one in own where try desk.wallet.keyState(of: one.aid) != nil {
                items += try await desk.readMail(for: one.aid, now: context.now)
            }
            _ = try await desk.groups.resume(now: context.now)
            let brought = items.contains { if case .unread = $0.content { false } else { true } }
            return (MailView.result(items), brought || ContinuousClock.now >= deadline)
        }
    }
}

/// Messages as data and as text.
enum MailView {
    static func result(_ items: [MailItem]) -> CommandResult {
        var result = CommandResult(
            data: ["messages": .list(items.map { .map(data(of: $0)) })],
            text: items.isEmpty ? ["no messages"] : items.map(text))
        let unread = items.filter { if case .unread = $0.content { true } else { false } }
        if !unread.isEmpty, unread.count == items.count {
            result.concern = CommandFailure(
                "KM-POST-UNREAD", "no mailbox could be read", next: "\(Product.command) mail fetch --wait 60",
                data: result.data)
        }
        return result
    }

    private static func data(of item: MailItem) -> OrderedMap {
        var map: OrderedMap = [
            "for": .text(item.recipient.text), "host": .text(item.host.text), "topic": .text(item.topic),
        ]
        switch item.content {
        case .group(let outcome):
            let (word, progress, detail) = words(outcome)
            map["kind"] = "group"
            map["outcome"] = .text(word)
            if let progress { map["group"] = .map(GroupView.data(of: progress)) }
            if let detail { map["detail"] = .text(detail) }
        case .delegation(let event):
            map["kind"] = "delegation"
            map["event"] = event.value
        case .challenge(let answer):
            map["kind"] = "challenge"
            map["from"] = .text(answer.sender.text)
        case .exchange(let receipt):
            map["kind"] = "exchange"
            for member in CredentialMailView.data(of: receipt).members { map[member.label] = member.value }
        case .credential(let report):
            map["kind"] = "credential"
            for member in CredentialMailView.data(of: report).members { map[member.label] = member.value }
        case .log(let messages, let accepted):
            map["kind"] = "log"
            map["messages"] = OrderedValue(messages)
            map["accepted"] = OrderedValue(accepted)
        case .refused(let why):
            map["kind"] = "refused"
            map["detail"] = .text(why)
        case .unread(let why):
            map["kind"] = "unread"
            map["detail"] = .text(why)
        }
        return map
    }

    private static func text(of item: MailItem) -> String {
        switch item.content {
        case .group(let outcome):
            let (word, progress, detail) = words(outcome)
            let event = progress.map { " \($0.kind.rawValue) \($0.event.sn.hex) of \($0.event.aid), \($0.event.said)" }
            return "group: \(word)\(event ?? "")\(detail.map { ": " + printable($0) } ?? "")"
        case .delegation(let event):
            return "delegation: \(event.aid) asks to approve event \(event.sn.hex): "
                + "\(Product.command) id approve \(event.aid)"
        case .challenge(let answer): return "challenge: an answer of \(answer.sender)"
        case .exchange(let receipt): return CredentialMailView.text(of: receipt)
        case .credential(let report): return CredentialMailView.text(of: report)
        case .log(let messages, let accepted):
            return "\(printable(String(item.topic.dropFirst()))): \(messages) messages, \(accepted) of them new"
        case .refused(let why): return "refused: \(printable(why))"
        case .unread(let why): return "not read: mailbox at \(item.host): \(printable(why))"
        }
    }

    private static func words(_ outcome: GroupOutcome) -> (String, GroupProgress?, String?) {
        switch outcome {
        case .notForGroups: ("not for groups", nil, nil)
        case .proposed(let progress): ("proposed", progress, nil)
        case .merged(let progress): ("merged", progress, nil)
        case .repeated: ("seen before", nil, nil)
        case .kept(let error): ("kept", nil, error.detail)
        case .refused(let error): ("refused", nil, "\(error)")
        }
    }
}
