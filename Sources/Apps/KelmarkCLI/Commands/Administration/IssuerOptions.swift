// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes
internal import SPIFFE

/// How a result is printed where SPIRE's tools offer the choice.
enum OutputForm: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// For people.
    case pretty
    /// The bare answer of the API.
    case json
}

/// How the output of a command that speaks to a server is printed.
struct OutputOptions: ParsableArguments {
    @Option(
        name: .also("output", as: "output"),
        help: ArgumentHelp("pretty, or json for the bare answer of the API without an envelope.", valueName: "form"))
    var output = OutputForm.pretty
}

/// Options of every command that administers an issuer.
struct IssuerOptions: ParsableArguments {
    @Option(
        name: .also("socket-path", as: "socketPath"),
        help: ArgumentHelp("Socket of the issuer (default: issuer.sock in the runtime folder).", valueName: "path"),
        completion: .file())
    var socketPath: String?
    @Option(name: SocketInstance.option, help: SocketInstance.issuer.help)
    var instance: String?
    @OptionGroup var form: OutputOptions

    /// Where the issuer's socket is.
    /// - Throws: ``CommandFailure`` for an instance that no template has a place for.
    func path(_ environment: [String: String]) throws(CommandFailure) -> String {
        if let socketPath { return socketPath }
        return try SocketInstance.issuer.path(of: instance, environment)
            ?? Product.Socket.path(Product.Socket.issuer, environment: environment)
    }
}

extension NameSpecification {
    /// A name of ours, and the name with one dash by which SPIRE's tools know the same thing.
    static func also(_ name: String, as other: String) -> NameSpecification {
        [.customLong(name), .customLong(other, withSingleDash: true)]
    }
}

extension Product.Socket {
    /// Where a socket is unless something else is said: below `$XDG_RUNTIME_DIR`, or below the system's own folder.
    static func path(_ name: String, environment: [String: String]) -> String {
        let folder = environment["XDG_RUNTIME_DIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/run"
        return "\(folder)/\(Product.command)/\(name)"
    }
}

extension CommandContext {
    /// Runs `body` with a connection to the issuer.
    func administering<Result: Sendable>(
        _ options: IssuerOptions, _ body: (IssuerAdministration) async throws -> Result
    ) async throws -> Result {
        let path = try options.path(environment)
        console.detail("asking the issuer at \(path)")
        return try await IssuerAdministration.connected(toSocket: path, body)
    }
}

/// What a server answered, ready to be printed.
struct Answer {
    /// In the shape of SPIRE's JSON; `data` of the envelope.
    var json: OrderedMap
    /// For people, on stdout.
    var text: [String]
    /// For people, on stderr: items that were refused, and what happened beside what was asked.
    var complaints: [String] = []
    /// What was done and may not do what was meant: on stderr, and in `data` of the envelope. The bare answer of the API
    /// has no place for it.
    var warnings: [String] = []
    /// Why the status is not 0.
    var concern: CommandFailure?

    /// Prints the complaints, and gives the result in the form that is asked for.
    func result(_ form: OutputOptions, in context: CommandContext) -> CommandResult {
        for warning in warnings { context.console.warning(printable(warning)) }
        var data = json
        if !warnings.isEmpty { data["warnings"] = SPIREJSON.texts(warnings) }
        guard !context.console.isJSON, form.output == .pretty else {
            return CommandResult(data: data, text: [json.compactText], concern: concern)
        }
        for complaint in complaints { context.console.error(complaint) }
        return CommandResult(data: data, text: text, concern: concern)
    }
}

extension OrderedMap {
    /// The map as one line of JSON.
    var compactText: String { OrderedValue.map(self).compactText }
}

extension OrderedValue {
    /// The value as one line of JSON.
    var compactText: String {
        // Only a tree deeper than any answer can't be written.
        String(decoding: (try? encoded(as: .json)) ?? [], as: UTF8.self)
    }

    /// The value as JSON over several lines, four columns for each level.
    func indentedText(_ margin: String = "") -> String {
        let inner = margin + "    "
        switch self {
        case .map(let map) where !map.isEmpty:
            let members = map.members.map {
                "\(inner)\(OrderedValue.text($0.label).compactText): \($0.value.indentedText(inner))"
            }
            return "{\n" + members.joined(separator: ",\n") + "\n\(margin)}"
        case .list(let list) where !list.isEmpty:
            return "[\n" + list.map { inner + $0.indentedText(inner) }.joined(separator: ",\n") + "\n\(margin)]"
        default: return compactText
        }
    }
}
