// SPDX-License-Identifier: Apache-2.0

package import GRPCCore
internal import Logging
internal import NodeAgent
package import SPIREAPI

/// SPIRE's logger API of agents, for the admin socket: what is logged, changed while the agent runs.
/// Facts (SPIFFE) 19.1, 20.7.
package struct AgentLoggerService: Spire_Api_Agent_Logger_V1_Logger.SimpleServiceProtocol {
    private let levels: LogLevelSwitch

    /// Moves a switch.
    package init(_ levels: LogLevelSwitch) { self.levels = levels }

    package func getLogger(
        request: Spire_Api_Agent_Logger_V1_GetLoggerRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_Logger { Spire_Api_Types_Logger(levels) }

    package func setLogLevel(
        request: Spire_Api_Agent_Logger_V1_SetLogLevelRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_Logger {
        guard let level = Logger.Level(request.newLevel) else {
            throw WorkloadDenial.invalidArgument("newLevel value \(request.newLevel.rawValue) is not a log level")
        }
        levels.set(level)
        return Spire_Api_Types_Logger(levels)
    }

    package func resetLogLevel(
        request: Spire_Api_Agent_Logger_V1_ResetLogLevelRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_Logger {
        levels.reset()
        return Spire_Api_Types_Logger(levels)
    }
}
