// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes
internal import SPIFFE

/// `kelmark workload watch`.
struct WorkloadWatchCommand: KelmarkCommand {
    static let path = "workload watch"
    static let configuration = CommandConfiguration.kelmark(
        "watch", "Shows the X.509-SVIDs, and each change of them, until it is stopped.",
        about:
            "When the agent goes away or says that there is no identity, the command tells so and asks again, first after "
            + "a second, later after up to 30. With --json each state is one envelope on a line. With --write the folder "
            + "follows: files of what is no more are removed, all of them when there is no identity.",
        examples: [
            CommandExample("until Ctrl-C", "kelmark workload watch"),
            CommandExample("until the next change", "kelmark workload watch --updates 2"),
            CommandExample("keep files up to date", "kelmark workload watch --write svids"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var workload: WorkloadOptions
    @Option(help: ArgumentHelp("Stop after so many states.", valueName: "number"))
    var updates: Int?
    @Option(
        name: .also("write", as: "write"),
        help: ArgumentHelp("Folder for certificates, keys (mode 0600) and bundles.", valueName: "folder"),
        completion: .directory)
    var write: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        if let updates, updates < 1 { throw Typed.usage("--updates takes a number from 1 on") }
        let counter = UpdateCounter(limit: updates)
        var pause = 1
        while true {
            let before = counter.count
            do {
                let isDone = try await context.working(workload, patience: nil) { calls in
                    try await calls.watchX509 { state in
                        try show(state, in: context)
                        return counter.next()
                    }
                }
                if isDone { return CommandResult() }
                context.console.progress("the agent ended the stream")
            } catch let failure as CommandFailure {
                // What the caller did wrong does not get better by asking again.
                guard failure.status != .usage, !failure.isFinal else { throw failure }
                context.console.failure(failure)
                if let write, failure.code == ErrorArea.workload.code("no-identity") {
                    for line in try IdentityFiles(folder: write).remove(from: 0) {
                        context.console.progress(printable(line))
                    }
                }
            }
            // A stream that gave something was a good one.
            if counter.count > before { pause = 1 }
            try await Task.sleep(for: .seconds(pause))
            pause = min(pause + 1, 30)
        }
    }

    private func show(_ state: WorkloadCalls.X509State, in context: CommandContext) throws {
        var text = try WorkloadView.text(state, after: .now - context.console.began)
        if let write { text += try IdentityFiles(folder: write).write(state) }
        let json = WorkloadView.json(state)
        let isPrinted =
            context.console.isJSON
            ? context.console.output(
                bytes: Envelope.encode(command: Self.path, data: json, failure: nil) + [0x0A])
            : context.console.output(workload.form.output == .json ? [json.compactText] : text)
        guard isPrinted else { throw CommandFailure("KM-INPUT-UNWRITABLE", "standard output takes no more") }
    }
}

extension CommandFailure {
    /// Whether a Workload API that says this is not asked again.
    fileprivate var isFinal: Bool {
        ["KM-WORKLOAD-REFUSED", "KM-WORKLOAD-NOT-SERVED", "KM-WORKLOAD-ANSWER", "KM-INPUT-UNWRITABLE"].contains(code)
    }
}
