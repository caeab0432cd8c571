// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes

/// `kelmark token`.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "token", "Makes tokens by which nodes join.",
        examples: [
            CommandExample("into a file", "kelmark token create --out token"),
            CommandExample(
                "with a name for the node", "kelmark token create --spiffe-id spiffe://acme.example/node --out token"),
            CommandExample("as SPIRE's tool does", "kelmark token generate -spiffeID spiffe://acme.example/node"),
        ],
        subcommands: [TokenCreateCommand.self])
}

/// `kelmark token create`.
struct TokenCreateCommand: KelmarkCommand {
    static let path = "token create"
    static let configuration = CommandConfiguration.kelmark(
        "create", "Makes a token by which one node may join once.",
        about:
            "Whoever holds the token first is the node. With --out it goes into a file that only you can read; without, "
            + "it is printed.",
        examples: [
            CommandExample("into a file", "kelmark token create --out token"),
            CommandExample(
                "with a name for the node", "kelmark token create --spiffe-id spiffe://acme.example/node --out token"),
            CommandExample("for an hour", "kelmark token create --ttl 1h --out token"),
        ],
        aliases: ["generate"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @Option(
        name: .also("spiffe-id", as: "spiffeID"),
        help: ArgumentHelp("A further ID that the node gets.", valueName: "id"), transform: Typed.id)
    var spiffeID: IDRecord?
    @Option(
        name: .also("ttl", as: "ttl"),
        help: ArgumentHelp("How long the token is good (default: 600 s).", valueName: "time"),
        transform: Typed.lifetime)
    var lifetime: Int32 = 600
    @Option(help: ArgumentHelp("File for the token, made with mode 0600.", valueName: "file"), completion: .file())
    var out: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard lifetime > 0 else { throw Typed.usage("a token must live for a second at least") }
        let token = try await context.administering(issuer) {
            try await $0.createJoinToken(lifetime: lifetime, alias: spiffeID)
        }
        var answer: Answer
        if let out {
            try DurableFile.writeSecret(Array((token.value + "\n").utf8), to: out)
            answer = Answer(
                json: ["expires_at": SPIREJSON.integer(token.expiresAt), "file": .text(out)],
                text: [printable("Token written to \(out), good until \(SPIREText.time(token.expiresAt))")])
        } else {
            answer = Answer(
                json: ["expires_at": SPIREJSON.integer(token.expiresAt), "value": .text(token.value)],
                text: [printable("Token: \(token.value)")])
        }
        if spiffeID == nil { answer.text.append("Warning: Missing SPIFFE ID.") }
        return answer.result(issuer.form, in: context)
    }
}
