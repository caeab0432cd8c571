// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import SPIREAPI

extension Spire_Api_Types_Logger {
    /// How a switch stands.
    init(_ levels: LogLevelSwitch) {
        self.init()
        currentLevel = Spire_Api_Types_LogLevel(levels.current)
        launchLevel = Spire_Api_Types_LogLevel(levels.launch)
    }
}

extension Logger.Level {
    /// What comes nearest; nil for no level at all.
    init?(_ wire: Spire_Api_Types_LogLevel) {
        switch wire {
        case .panic, .fatal: self = .critical
        case .error: self = .error
        case .warn: self = .warning
        case .info: self = .info
        case .debug: self = .debug
        case .trace: self = .trace
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }
}

extension Spire_Api_Types_LogLevel {
    init(_ level: Logger.Level) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info, .notice: .info
            case .warning: .warn
            case .error: .error
            case .critical: .fatal
            }
    }
}
