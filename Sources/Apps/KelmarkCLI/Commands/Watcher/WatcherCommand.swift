// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// `kelmark watcher`.
struct WatcherCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "watcher", "Follows AIDs through their witnesses and proves contradictions.",
        examples: [
            CommandExample("serve one", "kelmark watcher serve eye:7632"),
            CommandExample(
                "follow an AID",
                "kelmark watcher add http://127.0.0.1:5642/oobi/EI…AID/witness/BB…AID --watcher http://127.0.0.1:7632"),
            CommandExample("see what it found", "kelmark watcher status --watcher http://127.0.0.1:7632"),
        ],
        subcommands: [
            WatcherServeCommand.self, WatcherAddCommand.self, WatcherStatusCommand.self, WatcherAskCommand.self,
        ])
}
