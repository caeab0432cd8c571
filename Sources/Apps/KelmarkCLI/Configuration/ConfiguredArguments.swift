// SPDX-License-Identifier: Apache-2.0

/// A command line with what the configuration adds to it: of a command that serves, every option that was not typed is
/// taken from its environment variable, else from the configuration files.
///
/// The options go through the command's own parser, as if they had been typed, so that one set of rules judges them all.
struct ConfiguredArguments: Sendable {
    /// One option as configured.
    struct Value: Sendable, Hashable {
        let option: ServedCommand.Option
        /// What it has; of a flag `true` or `false`.
        let values: [String]
        /// `environment NAME` or `file PATH:LINE`.
        let origin: String

        /// As it would be typed.
        var arguments: [String] {
            // After an equals sign the parser wants something; a value of nothing is a word of its own.
            guard option.isFlag else {
                return values.flatMap { $0.isEmpty ? ["--\(option.name)", $0] : ["--\(option.name)=\($0)"] }
            }
            return option.typed(values == ["true"])
        }
    }

    /// The whole command line.
    let arguments: [String]
    /// What was added.
    let values: [Value]

    /// Adds to a command line what its configuration says.
    /// - Throws: ``CommandFailure`` when that can't be read.
    init(_ arguments: [String], environment: [String: String]) throws(CommandFailure) {
        guard let verb = arguments.dropFirst().first, verb == ServedCommand.verb || verb == ServedCommand.alias,
            let command = ServedCommand.all.first(where: { $0.words == [arguments[0], ServedCommand.verb] })
        else {
            self.arguments = arguments
            values = []
            return
        }
        let typed = Typing(Array(arguments.dropFirst(command.words.count)), of: command)
        guard !typed.given.contains("help") else {
            self.arguments = arguments
            values = []
            return
        }
        let variable = environment[SettingDefinition.variable("home")].flatMap { $0.isEmpty ? nil : $0 }
        let home = typed.values["home"] ?? variable
        let files = try ConfigurationFiles.find(
            named: typed.values["config"], environment: environment, home: home ?? Settings.defaultHome(environment))
        if let unknown = files.unknownKeys().first { throw unknown }
        values = try Self.values(of: command, in: files, environment: environment)
            .filter { !typed.given.contains($0.option.name) }
        self.arguments =
            command.words + values.flatMap(\.arguments) + Array(arguments.dropFirst(command.words.count))
    }

    /// What environment and files say about a command's options, in the order of its help.
    /// - Throws: ``CommandFailure`` for a variable that no option has, and for what an option can't take.
    static func values(
        of command: ServedCommand, in files: ConfigurationFiles, environment: [String: String]
    ) throws(CommandFailure) -> [Value] {
        try refuseUnknownVariables(of: command, in: environment)
        var values: [Value] = []
        for option in command.options {
            let variable = command.variable(option)
            if let text = environment[variable], !text.isEmpty {
                let parts = option.isRepeating ? text.split(separator: ",").map(String.init) : [text]
                values.append(
                    try value(of: option, parts, isList: option.isRepeating, named: variable, "environment \(variable)")
                )
            } else if let found = files[command.key(option)] {
                values.append(
                    try value(
                        of: option, found.item.values, isList: found.item.isList, named: found.item.key,
                        "file \(found.place)"))
            }
        }
        return values
    }

    private static func value(
        of option: ServedCommand.Option, _ values: [String], isList: Bool, named name: String, _ origin: String
    ) throws(CommandFailure) -> Value {
        if isList, !option.isRepeating {
            throw CommandFailure("KM-CONFIG-VALUE", "\(name) (\(origin)) takes one value, not a list")
        }
        if option.isFlag, values != ["true"], values != ["false"] {
            throw CommandFailure("KM-CONFIG-VALUE", "\(name) (\(origin)) takes true or false")
        }
        return Value(option: option, values: values, origin: origin)
    }

    /// A misspelled variable would be ignored silently otherwise.
    private static func refuseUnknownVariables(
        of command: ServedCommand, in environment: [String: String]
    ) throws(CommandFailure) {
        let known = command.options.map(command.variable)
        let prefix = SettingDefinition.variable(command.section) + "_"
        for name in environment.keys.sorted() where name.hasPrefix(prefix) && !known.contains(name) {
            guard !isServiceLink(name.dropFirst(prefix.count)) else { continue }
            var cause = "the variable \(name) is not known"
            if let nearest = ConfigurationKeys.nearest(to: name, among: known) { cause += "; did you mean \(nearest)?" }
            throw CommandFailure("KM-CONFIG-UNKNOWN-KEY", cause)
        }
    }

    /// Kubernetes tells every pod about a service `kelmark-issuer` in variables of that name.
    private static func isServiceLink(_ rest: Substring) -> Bool {
        rest == "PORT" || rest.hasPrefix("PORT_") || rest == "SERVICE_HOST" || rest == "SERVICE_PORT"
            || rest.hasPrefix("SERVICE_PORT_")
    }

    /// Where the options stand that a complaint of the parser names; empty when none of them was configured.
    static func places(of values: [Value], namedIn complaint: String) -> String {
        values.filter { value in
            complaint.split { !$0.isLetter && !$0.isNumber && $0 != "-" }.contains("--\(value.option.name)")
        }.map { "--\($0.option.name): \($0.origin)" }.joined(separator: ", ")
    }
}

/// Which options of a command were typed.
private struct Typing {
    /// Their names.
    private(set) var given: Set<String> = []
    /// The values of those that take one; the last one counts.
    private(set) var values: [String: String] = [:]

    init(_ arguments: [String], of command: ServedCommand) {
        var rest = arguments[...]
        while let word = rest.popFirst(), word != "--" {
            guard word.hasPrefix("-"), word.utf8.count > 1 else { continue }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if let option = command.spelled.first(where: { $0.spellings.contains(parts[0]) }) {
                given.insert(option.name)
                guard !option.isFlag else { continue }
                if parts.count > 1 {
                    values[option.name] = parts[1]
                } else if let next = rest.popFirst() {
                    values[option.name] = next
                }
            } else if !word.hasPrefix("--") {
                // Several flags of one letter in one word.
                for letter in word.dropFirst() {
                    if let option = command.spelled.first(where: { $0.spellings.contains("-\(letter)") }) {
                        given.insert(option.name)
                    }
                }
            }
        }
    }
}
