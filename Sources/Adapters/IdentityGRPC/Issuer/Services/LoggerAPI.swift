// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Issuer
internal import Logging
internal import SPIREAPI

/// `spire.api.server.logger.v1.Logger`: what is logged, changed while the issuer runs. Facts (SPIFFE) 19.1.
struct LoggerAPI: Spire_Api_Server_Logger_V1_Logger.SimpleServiceProtocol {
    let levels: LogLevelSwitch

    func getLogger(
        request: Spire_Api_Server_Logger_V1_GetLoggerRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_Logger { state }

    func setLogLevel(
        request: Spire_Api_Server_Logger_V1_SetLogLevelRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_Logger {
        let call = try IssuerCall.of(context)
        call.note(.level, "\(request.newLevel)")
        guard let level = Logger.Level(request.newLevel) else {
            throw IssuerError(.invalidArgument, "newLevel value \(request.newLevel.rawValue) is not a log level")
        }
        levels.set(level)
        return state
    }

    func resetLogLevel(
        request: Spire_Api_Server_Logger_V1_ResetLogLevelRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_Logger {
        levels.reset()
        return state
    }

    private var state: Spire_Api_Types_Logger { Spire_Api_Types_Logger(levels) }
}
