// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import Synchronization

/// The level of the log, changed while the process runs. Composition asks it for each line, through
/// ``SwitchedLogHandler`` for instance. Facts (SPIFFE) 19.1.
package final class LogLevelSwitch: Sendable {
    /// The level that the process was started with.
    package let launch: Logger.Level
    private let state: Mutex<Logger.Level>

    /// A switch that stands where the process began.
    package init(launch: Logger.Level) {
        self.launch = launch
        state = Mutex(launch)
    }

    /// The level now.
    package var current: Logger.Level { state.withLock { $0 } }

    /// Sets the level.
    package func set(_ level: Logger.Level) { state.withLock { $0 = level } }

    /// Goes back to the level that the process was started with.
    package func reset() { set(launch) }
}

/// A log handler whose level is that of a switch.
package struct SwitchedLogHandler: LogHandler {
    private let levels: LogLevelSwitch
    private var handler: any LogHandler

    /// Lets a handler write what the switch lets through.
    package init(_ handler: any LogHandler, _ levels: LogLevelSwitch) {
        self.handler = handler
        self.levels = levels
        self.handler.logLevel = .trace
    }

    /// The level of the switch; a logger can't have one of its own.
    package var logLevel: Logger.Level {
        get { levels.current }
        set {}
    }

    package var metadata: Logger.Metadata {
        get { handler.metadata }
        set { handler.metadata = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    package func log(event: LogEvent) { handler.log(event: event) }
}
