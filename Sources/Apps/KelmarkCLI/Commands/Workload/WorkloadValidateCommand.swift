// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import JOSE
internal import KelmarkBytes

/// `kelmark workload validate`.
struct WorkloadValidateCommand: AsyncParsableCommand {
    static let configuration: CommandConfiguration = {
        var configuration = CommandConfiguration.kelmark(
            "validate", "Has the agent judge a token.",
            examples: [
                CommandExample("one that came in a file", "kelmark workload validate --audience db --svid-file token"),
                CommandExample("one on standard input", "kelmark workload validate --audience db --svid-file -"),
                CommandExample("as SPIRE's agent does", "kelmark workload validate jwt -audience db -svid eyJ…"),
            ],
            subcommands: [WorkloadValidateJWTCommand.self])
        configuration.defaultSubcommand = WorkloadValidateJWTCommand.self
        return configuration
    }()
}

/// `kelmark workload validate jwt`.
struct WorkloadValidateJWTCommand: KelmarkCommand {
    static let path = "workload validate jwt"
    static let configuration = CommandConfiguration.kelmark(
        "jwt", "Has the agent judge a JWT-SVID: whose it is, and what it says.",
        about: "A token on the command line can be seen by everybody on the machine; --svid-file keeps it from them.",
        examples: [
            CommandExample("one that came in a file", "kelmark workload validate jwt --audience db --svid-file token"),
            CommandExample("one on standard input", "kelmark workload validate jwt --audience db --svid-file -"),
            CommandExample("as SPIRE's agent does", "kelmark workload validate jwt -audience db -svid eyJ…"),
        ])

    /// Most bytes of a token.
    private static let longest = 64 << 10

    @OptionGroup var global: GlobalOptions
    @OptionGroup var workload: WorkloadOptions
    @OptionGroup var patience: PatienceOptions
    @Option(
        name: .also("audience", as: "audience"),
        help: ArgumentHelp("Who the token must be for.", valueName: "name"))
    var audience: String
    @Option(name: .also("svid", as: "svid"), help: ArgumentHelp("The token.", valueName: "token"))
    var svid: String?
    @Option(help: ArgumentHelp("File of the token, - for standard input.", valueName: "file"), completion: .file())
    var svidFile: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let token = try Typed.only(
            svid, svidFile.map { try Self.read($0) }, or: "give the token: by --svid-file or by --svid")
        let address = try workload.address(context.environment)
        let patience = try patience.duration
        do {
            let (id, claims) = try await WorkloadCalls.connected(to: address, patience: patience) {
                try await $0.validate(token, audience: audience)
            }
            let tree = (try? OrderedValue(parsingJSON: claims.span, strictness: .interoperable, limits: .jose))
                .map(Self.sorted)
            return Answer(
                json: ["claims": tree ?? .null, "spiffe_id": .text(id)],
                text: [
                    "SVID is valid.", printable("SPIFFE ID : \(id)"),
                    printable("Claims    : \(tree?.compactText ?? "")"),
                ]
            ).result(workload.form, in: context)
        } catch let error as AdministrationError {
            guard error.code == .invalidArgument else { throw CommandFailure(workload: error) }
            return CommandResult(
                text: [printable("SVID is not valid: \(error.message)")],
                concern: CommandFailure("KM-WORKLOAD-TOKEN", error.message))
        }
    }

    /// Claims come in no order, and numbers as binary64: people want one order, and whole seconds.
    private static func sorted(_ claims: OrderedValue) -> OrderedValue {
        guard let map = claims.mapValue else { return claims }
        var sorted: OrderedMap = [:]
        for member in map.members.sorted(by: { $0.label < $1.label }) {
            let whole = member.value.doubleValue.flatMap { Int64(exactly: $0) }
            sorted[member.label] = whole.map { OrderedValue($0) } ?? member.value
        }
        return .map(sorted)
    }

    private static func read(_ path: String) throws -> String {
        var bytes = try DurableFile.read(path, atMost: longest)[...]
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
