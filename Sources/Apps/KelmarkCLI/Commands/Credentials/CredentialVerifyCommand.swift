// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite

/// `kelmark credential verify`.
struct CredentialVerifyCommand: KelmarkCommand {
    static let path = "credential verify"
    static let configuration = CommandConfiguration.kelmark(
        "verify", "Tells whether a credential holds now, with everything that it builds upon.",
        about: "A credential that is kept is judged by what this home knows; refresh it first to hear of revocations. "
            + "A file is judged by itself in memory: its logs, its registries, and the schemas that are kept here or given.",
        examples: [
            CommandExample("one that is kept", "kelmark credential verify EK…SAID"),
            CommandExample("a file, with its schema", "kelmark credential verify badge.cesr --schema badge.json"),
            CommandExample("for a script", "kelmark credential verify EK…SAID --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("SAID of a credential, or a file.", valueName: "SAID or file"), completion: .file())
    var subject: String
    @Option(
        name: .customLong("schema"),
        help: ArgumentHelp("A schema for credentials of a file; may be repeated.", valueName: "file"),
        completion: .file())
    var schemas: [String] = []

    func perform(in context: CommandContext) async throws -> CommandResult {
        if let said = SAID(subject) {
            let desk = try context.readingIssuing()
            let verdict = try desk.store.read(credentials: { try $0.verdict(of: said) })
            return VerdictPicture(
                verdict: verdict, isRevocationPending: try desk.issuing.isRevoking(verdict.chain),
                names: try context.names(in: desk.wallet)
            ).result
        }
        let stream = try DurableFile.read(subject, atMost: context.settings.largestInput)
        guard !stream.isEmpty else { throw CommandFailure("KM-INPUT-EMPTY", "\(subject) is empty") }
        let store = MemoryCredentialStore()
        let processor = CredentialProcessor(store: store)
        for schema in try known(in: context) { try processor.learn(schema) }
        for file in schemas { try processor.learn(try CredentialSchema(interoperable: try context.schemaFile(file))) }
        let intake = try CredentialIntakeView.take(stream, processor, now: context.now)
        guard let last = intake.credentials.last else {
            throw CommandFailure("KM-CREDENTIAL-NONE", "\(subject) holds no credential that can be read")
        }
        let verdict = try store.read(credentials: { try $0.verdict(of: last.said) })
        var result = VerdictPicture(verdict: verdict, isRevocationPending: false, names: [:], judgement: last.judgement)
            .result
        result.data["messages"] = .list(intake.messages)
        // A file is as of its last event; what is known here may be newer, and a part that is refused is no detail.
        if result.concern == nil { result.concern = try newer(about: verdict.chain, in: context) ?? intake.concern }
        return result
    }

    /// What the home folder knows against a credential of a file or what it builds upon.
    private func newer(about chain: [SAID], in context: CommandContext) throws -> CommandFailure? {
        guard context.home.isInitialised else { return nil }
        let desk = try context.readingIssuing()
        let isRevoking = try desk.issuing.isRevoking(chain)
        for said in chain {
            let verdict = try desk.store.read(credentials: { try $0.verdict(of: said) })
            guard [.revoked, .edgeRevoked, .duplicitous].contains(verdict.state) || isRevoking else { continue }
            return CommandFailure(
                verdict.state == .duplicitous ? "KM-CREDENTIAL-DUPLICITOUS" : "KM-CREDENTIAL-REVOKED",
                "\(said) is \(isRevoking ? "being revoked" : verdict.state.rawValue), as this home knows; the file is older"
            )
        }
        return nil
    }

    /// The schemas of the home folder, where there is one.
    private func known(in context: CommandContext) throws -> [CredentialSchema] {
        guard context.home.isInitialised else { return [] }
        return try context.readingIssuing().schemas()
    }
}

/// How a credential stands, as data and as text.
struct VerdictPicture {
    let verdict: CredentialVerdict
    /// Whether a revocation of ours is on its way: it counts from the moment it is written.
    let isRevocationPending: Bool
    let names: [AID: String]
    /// What was decided when it was offered, for one that was not accepted.
    var judgement: (outcome: CredentialOutcome, reasons: [CredentialReason])?

    private var reasons: [CredentialReason] {
        verdict.state == .unknown ? judgement?.reasons ?? verdict.reasons : verdict.reasons
    }

    private var state: String {
        if isRevocationPending, verdict.state == .valid { return CredentialVerdict.State.revoked.rawValue }
        guard verdict.state == .unknown, let judgement else { return verdict.state.rawValue }
        return switch judgement.outcome {
        case .rejected(let rejection): rejection.rawValue
        case .escrowed(let reason): reason.rawValue
        case .accepted, .duplicate: verdict.state.rawValue
        }
    }

    var result: CommandResult {
        var data: OrderedMap = [
            "said": .text(verdict.credential.text), "state": .text(state),
            "valid": .boolean(verdict.isValid && !isRevocationPending),
            "chain": .list(verdict.chain.map { .text($0.text) }),
            "reasons": .list(
                reasons.map { reason in
                    [
                        "code": .text(reason.code), "credential": .text(reason.credential.text),
                        "edge": reason.edge.map { .text($0) } ?? .null, "detail": .text(reason.words),
                    ]
                }),
        ]
        if let status = verdict.status {
            data["event"] = [
                "t": .text(status.kind.rawValue), "d": .text(status.event.text),
                "dated": .text(status.dated.description), "sealedAt": .text(status.anchor.sn.hex),
            ]
        }
        var text = ["\(verdict.credential)  \(state)"]
        text += reasons.map { "  \(printable($0.description))" }
        if verdict.chain.count > 1 { text.append("  builds upon \(verdict.chain.count - 1) others") }
        if let status = verdict.status {
            text.append("  \(status.kind.rawValue), sealed at \(status.anchor.sn.hex) of the issuer's log")
        }
        return CommandResult(data: data, text: text, concern: concern)
    }

    private var concern: CommandFailure? {
        if isRevocationPending, verdict.state == .valid {
            return CommandFailure(
                "KM-CREDENTIAL-REVOKED", "\(verdict.credential) is being revoked",
                next: "\(Product.command) registry resume")
        }
        let cause = reasons.first?.description ?? state
        switch verdict.state {
        case .valid: return nil
        case .revoked: return CommandFailure("KM-CREDENTIAL-REVOKED", "\(verdict.credential) is revoked")
        case .edgeRevoked: return CommandFailure(ErrorTranslation.code(for: .edgeRevoked as CredentialRejection), cause)
        case .edgeBroken: return CommandFailure(ErrorTranslation.code(for: .edgeBroken as CredentialRejection), cause)
        case .duplicitous: return CommandFailure("KM-CREDENTIAL-DUPLICITOUS", cause)
        case .unanchored, .undecided: return CommandFailure("KM-CREDENTIAL-UNDECIDED", cause)
        case .unknown:
            switch judgement?.outcome {
            case .rejected(let rejection)?: return CommandFailure(ErrorTranslation.code(for: rejection), cause)
            case .escrowed(let reason)?: return CommandFailure(ErrorTranslation.code(for: reason), cause)
            default:
                return CommandFailure(
                    ErrorTranslation.code(for: IssuingError.Code.unknownCredential),
                    "the credential \(verdict.credential) is not kept here")
            }
        }
    }
}

/// What taking in a stream with credentials came to.
enum CredentialIntakeView {
    struct Intake {
        var messages: [OrderedValue] = []
        var text: [String] = []
        var credentials: [(said: SAID, judgement: (outcome: CredentialOutcome, reasons: [CredentialReason]))] = []
        var concern: CommandFailure?
    }

    /// Takes a stream in and tells what became of each message.
    static func take<Store: CredentialStore>(
        _ stream: [UInt8], _ processor: CredentialProcessor<Store>, policy: ProcessingPolicy = ProcessingPolicy(),
        now: Timestamp
    ) throws -> Intake {
        var reader = CredentialStreamProcessor(processor, policy: policy)
        var intake = Intake()
        try reader.process(stream, now: now) { report in
            switch report.result {
            case .keyEvents(let kind, let seal, let outcome):
                intake.add(kind.rawValue, seal?.said.text, word(outcome), at: report.range)
                if case .rejected(let rejection) = outcome {
                    intake.note(ErrorTranslation.failure(for: rejection, of: "a \(kind.rawValue)"))
                }
            case .registryEvent(let kind, let seal, let outcome):
                intake.add(kind.rawValue, seal.said.text, word(outcome), at: report.range)
                intake.note(outcome, "the \(kind.rawValue) of \(seal.aid)", [])
            case .credential(let said, let judgement):
                intake.add("acdc", said.text, word(judgement.outcome), at: report.range)
                intake.credentials.append((said, (judgement.outcome, judgement.reasons)))
                intake.note(judgement.outcome, "the credential \(said)", judgement.reasons)
            case .unreadable(let error):
                intake.add("unreadable", nil, "refused", at: report.range)
                intake.note(ErrorTranslation.failure(for: error, at: report.range.lowerBound))
            case .unreadableCredential(let error):
                intake.add("unreadable", nil, "refused", at: report.range)
                intake.note(ErrorTranslation.failure(for: error))
            case .fault(let fault):
                intake.add("unreadable", nil, "refused", at: report.range)
                intake.note(ErrorTranslation.failure(for: fault))
            }
        }
        return intake
    }

    private static func word(_ outcome: EventOutcome) -> String {
        switch outcome {
        case .accepted, .verified: "accepted"
        case .duplicate: "known"
        case .escrowed(let reason): "waits: \(reason.rawValue)"
        case .rejected(let rejection): "refused: \(rejection.rawValue)"
        }
    }

    private static func word(_ outcome: CredentialOutcome) -> String {
        switch outcome {
        case .accepted: "accepted"
        case .duplicate: "known"
        case .escrowed(let reason): "waits: \(reason.rawValue)"
        case .rejected(let rejection): "refused: \(rejection.rawValue)"
        }
    }
}

extension CredentialIntakeView.Intake {
    fileprivate mutating func add(_ type: String, _ said: String?, _ outcome: String, at range: Range<Int>) {
        messages.append(
            [
                "t": .text(type), "d": said.map { .text($0) } ?? .null, "outcome": .text(outcome),
                "offset": OrderedValue(range.lowerBound),
            ])
        text.append("  \(type)  \(said ?? "")  \(outcome)")
    }

    /// The first thing that is not as it should be decides the exit code.
    fileprivate mutating func note(_ failure: CommandFailure) { if concern == nil { concern = failure } }

    fileprivate mutating func note(_ outcome: CredentialOutcome, _ what: String, _ reasons: [CredentialReason]) {
        let words = reasons.isEmpty ? "" : ": \(reasons.map(\.description).joined(separator: "; "))"
        switch outcome {
        case .accepted, .duplicate: break
        case .escrowed(let reason): note(CommandFailure(ErrorTranslation.code(for: reason), "\(what) waits\(words)"))
        case .rejected(let rejection):
            note(CommandFailure(ErrorTranslation.code(for: rejection), "\(what) is refused\(words)"))
        }
    }
}

/// `kelmark credential import`.
struct CredentialImportCommand: KelmarkCommand {
    static let path = "credential import"
    static let configuration = CommandConfiguration.kelmark(
        "import", "Takes in credentials with their proof: logs, registries and credentials in one stream.",
        about: "Every message is verified; what can't be decided yet waits and is shown by waiting.",
        examples: [
            CommandExample("an export of somebody", "kelmark credential import badge.cesr"),
            CommandExample("does it hold?", "kelmark credential verify EK…SAID"),
            CommandExample("for a script", "kelmark credential import badge.cesr --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "File, or - for standard input.", completion: .file())
    var file: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let stream = try DurableFile.read(file, atMost: context.settings.largestInput)
        guard !stream.isEmpty else { throw CommandFailure("KM-INPUT-EMPTY", "\(file) is empty") }
        return try await context.issuing(keys: false) { desk in
            let own = Set(try desk.wallet.identifiers().map(\.aid))
            let intake = try CredentialIntakeView.take(
                stream, CredentialProcessor(store: desk.store), policy: ProcessingPolicy(ownAIDs: own), now: context.now
            )
            return CommandResult(
                data: ["messages": .list(intake.messages)],
                text: ["took in \(intake.messages.count) messages of \(file)"] + intake.text, concern: intake.concern)
        }
    }
}
