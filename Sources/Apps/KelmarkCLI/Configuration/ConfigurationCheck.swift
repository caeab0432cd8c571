// SPDX-License-Identifier: Apache-2.0

/// Says what is wrong with a configuration file, all of it at once, as the commands that read it would find it.
struct ConfigurationCheck: Sendable {
    /// What is wrong, in the order in which it was found; empty when nothing is.
    let findings: [CommandFailure]
    /// The sections whose commands could be started with the file and nothing else.
    let sections: [String]

    /// Judges a file with its drop-ins.
    /// - Parameter needed: the section that must be there.
    init(_ files: ConfigurationFiles, for needed: String? = nil) {
        var findings = files.unknownKeys()
        var sections: [String] = []
        do throws(CommandFailure) {
            try Settings.check(files)
        } catch {
            findings.append(error)
        }
        for command in ServedCommand.all where files.hasSection(command.section) || command.section == needed {
            if let finding = Self.finding(about: command, in: files) {
                findings.append(finding)
            } else {
                sections.append(command.section)
            }
        }
        self.findings = findings
        self.sections = sections
    }

    /// What a command has against its section.
    private static func finding(about command: ServedCommand, in files: ConfigurationFiles) -> CommandFailure? {
        let values: [ConfiguredArguments.Value]
        do throws(CommandFailure) {
            values = try ConfiguredArguments.values(of: command, in: files, environment: [:])
        } catch {
            return error
        }
        do {
            try command.check(values.flatMap(\.arguments))
            return nil
        } catch {
            let complaint = ServedCommand.message(for: error)
            let places = ConfiguredArguments.places(of: values, namedIn: complaint)
            return CommandFailure(
                "KM-CONFIG-VALUE",
                "\(command.section): \(complaint)" + (places.isEmpty ? "" : " (\(places))"))
        }
    }
}
