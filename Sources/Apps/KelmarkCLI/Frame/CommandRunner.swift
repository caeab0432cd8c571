// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import KERI
internal import KelmarkBytes

/// Runs one command and prints what came of it.
enum CommandRunner {
    /// - Parameter typed: the command line, for advice to repeat it; empty when it is not known.
    static func run(_ command: some KelmarkCommand, typed: [String] = []) async -> ExitStatus {
        let name = type(of: command).path
        let environment = ProcessInfo.processInfo.environment
        let global = command.global
        var console = Console(
            isJSON: global.json, verbosity: global.quiet ? .quiet : global.verbose ? .verbose : .normal,
            environment: environment)
        do {
            let settings = try Settings.load(flags: global, environment: environment)
            console.isJSON = global.json || settings.outputFormat == .json
            let context = CommandContext(
                settings: settings, console: console, environment: environment, clock: { SystemTime.now },
                passphrase: PassphraseSource(global: global, settings: settings, environment: environment))
            var result = try await command.perform(in: context)
            result.concern = result.concern?.advised(for: name)
            guard report(result, of: name, on: console) else {
                return report(
                    CommandFailure("KM-INPUT-UNWRITABLE", "standard output takes no more: \(systemMessage())"),
                    of: name,
                    on: console)
            }
            return result.concern?.status ?? .ok
        } catch {
            let failure = ErrorTranslation.failure(for: error).advised(for: name).confirming(typed)
            console.detail("\(String(reflecting: type(of: error)))")
            return report(failure, of: name, on: console)
        }
    }

    /// Prints a result; says whether standard output took it.
    private static func report(_ result: CommandResult, of name: String, on console: Console) -> Bool {
        let isPrinted =
            console.isJSON
            ? console.output(
                bytes: Envelope.encode(command: name, data: result.data, failure: result.concern) + [0x0A])
            : console.output(result.text)
        guard isPrinted else { return false }
        for hint in result.hints { console.hint(hint) }
        if let concern = result.concern { console.failure(concern) }
        return true
    }

    /// Prints a failure and gives its exit status.
    @discardableResult
    static func report(_ failure: CommandFailure, of name: String, on console: Console) -> ExitStatus {
        if console.isJSON {
            console.output(bytes: Envelope.encode(command: name, data: failure.data, failure: failure) + [0x0A])
        }
        console.failure(failure)
        return failure.status
    }
}

/// The clock of the machine; nothing else in the command line tool reads it.
enum SystemTime {
    /// The present in microseconds.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
