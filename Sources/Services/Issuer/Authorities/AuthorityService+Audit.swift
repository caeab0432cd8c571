// SPDX-License-Identifier: Apache-2.0

internal import Logging

extension AuthorityService {
    /// Runs `body` and records what came of it. What is done is done: when the record can't be kept, the log says so.
    func audited<R>(
        _ action: String, _ id: String, by requester: Requester, _ body: () async throws -> R
    ) async throws -> R {
        let result: Result<R, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        guard let audit else { return try result.get() }
        var outcome = "done"
        var details: [String: String] = [:]
        if let call = requester.callID { details["request_id"] = call }
        var subject = id
        switch result {
        case .success(let value): if let entry = value as? AuthorityEntry { subject = entry.authorityID }
        case .failure(let error):
            outcome = (error as? IssuerError)?.code.rawValue ?? IssuerError.Code.internal.rawValue
            details["reason"] = (error as? IssuerError)?.message ?? "\(error)"
        }
        let event = AuditEvent(
            at: clock.now(), actor: requester.name, action: action, subject: subject, outcome: outcome,
            details: details)
        do {
            _ = try await audit.commit(IssuanceBatch(events: [event]))
        } catch {
            var metadata: Logger.Metadata = ["action": "\(action)", "reason": "\(error)"]
            if let call = requester.callID { metadata["request_id"] = "\(call)" }
            logger.error("audit could not be kept", metadata: metadata)
        }
        return try result.get()
    }
}
