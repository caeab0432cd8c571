// SPDX-License-Identifier: Apache-2.0

internal import KelmarkConcurrency
internal import Logging
internal import NodeAgent
internal import SPIFFE
internal import Synchronization

/// What is said of those who are turned away before any service hears of them.
final class DoorLog: Sendable {
    private let logger: Logger
    private let limit = ExplanationLimit()
    private let isClosed = Mutex(false)

    init(_ logger: Logger) { self.logger = logger }

    /// Writes down a certificate that is not taken, under a name of its own. Anybody may show certificates, so that a second
    /// has only so many lines.
    func refused(_ address: String, _ code: String, _ detail: String, at now: CertificateTime) {
        logger.log(level: .info, "client certificate refused", within: limit, at: now, of: nil) {
            var line: Logger.Metadata = [
                "caller_addr": "\(address)", "code": "\(code)", "error": "\(detail.cutForLog)",
            ]
            if let id = try? RequestID.random() { line["request_id"] = "\(id)" }
            return line
        }
    }

    /// Runs what a connection needs of the server. Where that is missing every connection is closed, which is said when it
    /// begins and when it is over.
    /// - Throws: what `body` throws.
    func noting<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            let result = try body()
            if change(to: false) { logger.info("connections are taken again") }
            return result
        } catch {
            if change(to: true) {
                logger.error(
                    "every connection is closed: there is nothing to show",
                    metadata: ["error": "\("\(error)".cutForLog)"])
            }
            throw error
        }
    }

    /// Whether that is news.
    private func change(to closed: Bool) -> Bool {
        isClosed.withLock { isClosed in
            defer { isClosed = closed }
            return isClosed != closed
        }
    }
}
