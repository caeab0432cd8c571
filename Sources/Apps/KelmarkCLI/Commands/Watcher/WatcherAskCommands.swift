// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import HTTPTransport
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// Where a watcher listens.
struct WatcherOptions: ParsableArguments {
    @Option(name: .customLong("watcher"), help: ArgumentHelp("Where the watcher listens.", valueName: "URL"))
    var given: PeerURLArgument?

    /// The one of this machine unless another is named.
    var url: PeerURL {
        get throws {
            guard let url = given?.url ?? PeerURL("http://127.0.0.1:7632/") else {
                throw CommandFailure("KM-INTERNAL", "the standard address is none")
            }
            return url
        }
    }
}

extension CommandContext {
    /// The JSON that a watcher answers.
    func askWatcher(_ request: PeerRequest) async throws -> OrderedMap {
        let response = try await reachingPeers { transport in
            try await transport.send(request, timeout: .seconds(10), limit: 16 << 20)
        }
        let document = (try? OrderedValue(parsing: response.body.span, format: .json)) ?? .null
        guard (200..<300).contains(response.status) else {
            let why = document["detail"]?.textValue ?? document["title"]?.textValue ?? "\(response.status)"
            throw CommandFailure("KM-WATCHER-REFUSED", "the watcher says no: \(printable(why))")
        }
        return document.mapValue ?? ["answer": document]
    }
}

/// `kelmark watcher add`.
struct WatcherAddCommand: KelmarkCommand {
    static let path = "watcher add"
    static let configuration = CommandConfiguration.kelmark(
        "add", "Lets a watcher follow an AID.",
        about: "The introduction names the AID and a witness to begin with; the others are learnt from its log.",
        examples: [
            CommandExample(
                "by its introduction", "kelmark watcher add http://127.0.0.1:5642/oobi/EI…AID/witness/BB…AID"),
            CommandExample("one of yours, by its witnesses", "kelmark watcher add acme"),
            CommandExample("at another watcher", "kelmark watcher add acme --watcher http://eye.example:7632"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: WatcherOptions
    @Argument(help: ArgumentHelp("An introduction, or the name of an AID with witnesses.", valueName: "URL or name"))
    var subject: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let oobis: [OOBI]
        if let oobi = OOBI(subject) {
            oobis = [oobi]
        } else {
            let wallet = try context.readingWallet()
            oobis = try wallet.introductions(of: try context.aid(subject, in: wallet))
        }
        guard case .identifier(let aid, _, _)? = oobis.first?.subject else {
            throw CommandFailure("KM-OOBI-NONE", "\(printable(subject)) introduces no AID")
        }
        let url = try options.url
        var answer: OrderedMap = [:]
        for oobi in oobis {
            let body: OrderedMap = ["aid": .text(aid.text), "oobi": .text(oobi.url.description)]
            answer = try await context.askWatcher(
                PeerRequest(
                    .post, url, target: url.below("aids"),
                    headers: [("Content-Type", "application/json")], body: try body.encoded(as: .json)))
        }
        return CommandResult(data: answer, text: ["following \(aid), introduced by \(oobis.count)"])
    }
}

/// `kelmark watcher status`.
struct WatcherStatusCommand: KelmarkCommand {
    static let path = "watcher status"
    static let configuration = CommandConfiguration.kelmark(
        "status", "Shows what a watcher follows and what it proved.",
        about:
            "With an AID: what each of its witnesses shows. With --evidence the proof of a contradiction is written to "
            + "a file that kelmark verify checks alone.",
        examples: [
            CommandExample("everything", "kelmark watcher status"),
            CommandExample("one AID", "kelmark watcher status EI…AID"),
            CommandExample("save the proof", "kelmark watcher status EI…AID --evidence proof.cesr"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: WatcherOptions
    @Argument(help: "Name or AID.", completion: NameCompletion.kind)
    var name: String?
    @Option(help: ArgumentHelp("Where to write the evidence about the AID.", valueName: "file"), completion: .file())
    var evidence: String?

    func validate() throws {
        if evidence != nil, name == nil { throw ValidationError("--evidence needs an AID.") }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        let url = try options.url
        guard let name else {
            let status = try await context.askWatcher(PeerRequest(.get, url, target: url.below("status")))
            let aids = try await context.askWatcher(PeerRequest(.get, url, target: url.below("aids")))
            let data: OrderedMap = ["status": .map(status), "aids": .map(aids)]
            return CommandResult(data: data, text: try Self.lines(data))
        }
        let aid: AID
        if let given = AID(name) { aid = given } else { aid = try context.aid(name, in: try context.readingWallet()) }
        if let evidence {
            let response = try await context.reachingPeers { transport in
                try await transport.send(
                    PeerRequest(.get, url, target: url.below("duplicity/\(aid)")), timeout: .seconds(10),
                    limit: DuplicityEvidence.largest)
            }
            guard response.status == 200 else {
                throw CommandFailure("KM-WATCHER-NO-EVIDENCE", "the watcher has no evidence about \(aid)")
            }
            let proven = try VerifiedDuplicity(reading: response.body)
            try DurableFile.writeOutput(response.body, to: evidence)
            return EvidenceView.result(of: proven, file: evidence)
        }
        let data = try await context.askWatcher(PeerRequest(.get, url, target: url.below("aids/\(aid)")))
        return CommandResult(data: data, text: try Self.lines(data))
    }

    private static func lines(_ data: OrderedMap) throws -> [String] {
        [String(decoding: try OrderedValue.map(data).encoded(as: .json), as: UTF8.self)].map(printable)
    }
}

/// A proven contradiction as data and as text.
enum EvidenceView {
    /// Whether a file begins as evidence does: with an unsigned statement (bar), which no proof file has.
    static func isEvidence(_ bytes: [UInt8]) -> Bool {
        String(decoding: bytes.prefix(64), as: UTF8.self).contains("\"t\":\"bar\"")
    }

    static func result(of proven: VerifiedDuplicity, file: String) -> CommandResult {
        let place = proven.statement
        return CommandResult(
            data: [
                "file": .text(file), "verdict": "contradicted", "accused": .text(place.accusedAID.text),
                "i": .text(place.aid.text), "s": .text(place.sn.hex), "first": .text(place.first.text),
                "second": .text(place.second.text),
            ],
            text: [
                "proven  \(file)", "  \(place.accusedAID) said two things about event \(place.sn) of \(place.aid)",
                "  first   \(place.first)", "  second  \(place.second)",
            ])
    }
}
