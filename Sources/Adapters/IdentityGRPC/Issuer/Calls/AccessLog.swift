// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import Logging

/// Says of each call who made it, by which right, and what came of it: a line of the log for every call, and a durable
/// record for those that change something. Facts (SPIFFE) 15.5.
///
/// Of a batch each item has its own line and record. Calls that only read, callers that are turned away, and what agents are
/// refused leave no record: anybody, or any agent, could fill the store with them.
struct AccessLog: Sendable {
    /// Most items of a batch that get a line; the rest is counted. All are recorded.
    static let mostLines = 1000

    let logger: Logger
    /// At which level calls stand in the log; failures of the issuer itself always stand there.
    var level = Logger.Level.info
    let trail: AuditTrail
    let clock: any IssuerClock

    /// Writes down a call that is over, once: later calls for the same do nothing.
    /// - Throws: when it should be recorded and can't be. What was done stays done; but whoever did it is told that
    ///   something is wrong, and gets nothing.
    func conclude(_ call: IssuerCall, failure: IssuerError?) async throws(IssuerError) {
        guard let (fields, items) = call.takeNotes() else { return }
        var whole = fields
        if items.count > Self.mostLines { whole[.count] = String(items.count) }
        if items.isEmpty || failure != nil || items.count > Self.mostLines {
            write(call, IssuerCall.Item(fields: whole, refusal: failure))
        }
        for item in items.prefix(Self.mostLines) {
            write(call, IssuerCall.Item(fields: whole.merging(item.fields) { $1 }, refusal: item.refusal ?? failure))
        }
        guard call.method.isRecorded else { return }
        guard failure == nil || (call.grant.role != .nobody && call.grant.role != .agent) else { return }
        let subjects = items.isEmpty ? [IssuerCall.Item(fields: [:], refusal: failure)] : items
        do throws(IssuerError) {
            try await trail.record(subjects.map { event(call, fields, $0, failure) })
        } catch {
            explain(error, method: call.method.rawValue, requestID: call.requestID)
            throw error
        }
    }

    /// Writes down a caller that was turned away.
    func refuse(method: String, requestID: String, caller: Caller, _ error: IssuerError) {
        var line = Self.names(of: method, requestID: requestID, caller: caller)
        Self.add(error, to: &line)
        line["authorized_as"] = "\(CallGrant.Role.nobody.rawValue)"
        line["authorized_via"] = ""
        logger.log(level: level, "API accessed", metadata: line)
        explain(error, method: method, requestID: requestID)
    }

    /// Writes the part of an error that callers are not told.
    private func explain(_ error: IssuerError, method: String, requestID: String) {
        guard !error.detail.isEmpty else { return }
        logger.log(
            level: error.code == .internal || error.code == .unavailable ? .error : .debug, "call refused",
            metadata: [
                "method": "\(method)", "request_id": "\(requestID)", "status_code": "\(error.code.statusName)",
                "error": "\(error.description.cutForLog)",
            ])
    }

    private func write(_ call: IssuerCall, _ item: IssuerCall.Item) {
        var line = Self.names(of: call.method.rawValue, requestID: call.requestID, caller: call.caller)
        line["authorized_as"] = "\(call.grant.role.rawValue)"
        line["authorized_via"] = "\(call.grant.source.rawValue)"
        for (field, value) in item.fields { line[field.rawValue] = "\(value.cutForLog)" }
        if let refusal = item.refusal {
            Self.add(refusal, to: &line)
        } else {
            line["status"] = "success"
        }
        logger.log(level: level, "API accessed", metadata: line)
        if let refusal = item.refusal {
            explain(refusal, method: call.method.rawValue, requestID: call.requestID)
        }
    }

    private func event(
        _ call: IssuerCall, _ fields: [AuditField: String], _ item: IssuerCall.Item, _ failure: IssuerError?
    ) -> AuditEvent {
        let all = fields.merging(item.fields) { $1 }
        var details = Dictionary(uniqueKeysWithValues: all.map { ($0.key.rawValue, $0.value) })
        details["request_id"] = call.requestID
        details["authorized_as"] = call.grant.role.rawValue
        details["authorized_via"] = call.grant.source.rawValue
        if case .local(let peer) = call.caller, let path = peer.path { details["caller_path"] = path }
        if case .remote(let address, _) = call.caller { details["caller_addr"] = address }
        let refusal = item.refusal ?? failure
        if let refusal { details["status_message"] = refusal.message }
        let subject: [AuditField] = [.spiffeID, .agentID, .entryID, .trustDomain, .authorityID]
        return AuditEvent(
            at: clock.now(), actor: call.requester.name, action: Self.path(call.method.rawValue).joined(separator: "/"),
            subject: subject.lazy.compactMap { all[$0] }.first ?? "", outcome: refusal?.code.rawValue ?? "done",
            details: details)
    }

    /// `/spire.api.server.entry.v1.Entry/ListEntries` as SPIRE logs it: `entry.v1.Entry` and `ListEntries`.
    private static func path(_ path: String) -> [String] {
        let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
        guard let service = parts.first else { return ["", ""] }
        let prefix = "spire.api.server."
        return [
            service.utf8.starts(with: prefix.utf8) ? String(service.dropFirst(prefix.count)) : service,
            parts.count > 1 ? parts[1] : "",
        ]
    }

    private static func names(of path: String, requestID: String, caller: Caller) -> Logger.Metadata {
        let parts = self.path(path)
        var line: Logger.Metadata = [
            "type": "audit", "service": "\(parts[0].cutForLog)", "method": "\(parts[1].cutForLog)",
            "request_id": "\(requestID)",
        ]
        line.merge(caller.logFields) { $1 }
        return line
    }

    private static func add(_ error: IssuerError, to line: inout Logger.Metadata) {
        line["status"] = "error"
        line["status_code"] = "\(error.code.statusName)"
        line["status_message"] = "\(error.message.cutForLog)"
    }
}

extension Caller {
    /// Who it is, for the log of refusals.
    var logged: LoggedCaller {
        guard case .local(let peer) = self else { return LoggedCaller(fields: logFields) }
        return LoggedCaller(uid: peer.uid, fields: logFields)
    }

    /// Who it is, in words for the log.
    var logFields: Logger.Metadata {
        switch self {
        case .local(let peer):
            var fields: Logger.Metadata = ["caller_uid": "\(peer.uid)", "caller_gid": "\(peer.gid)"]
            if let path = peer.path { fields["caller_path"] = "\(path.cutForLog)" }
            return fields
        case .remote(let address, let identity):
            var fields: Logger.Metadata = ["caller_addr": "\(address)"]
            if let identity { fields["caller_id"] = "\(identity.id)" }
            return fields
        case .unknown: return [:]
        }
    }
}

extension IssuerMethod {
    /// Whether the call changes what the issuer keeps, so that it is recorded. What is signed for workloads is recorded
    /// where it is signed, with the issuance itself; moves of authorities where they are made, because the issuer makes
    /// most of them unasked.
    var isRecorded: Bool {
        switch self {
        case .deleteAgent, .banAgent, .attestAgent, .renewAgent, .createJoinToken, .appendBundle, .publishJWTAuthority,
            .createFederatedBundles, .updateFederatedBundles, .setFederatedBundles, .deleteFederatedBundles,
            .createEntries, .updateEntries, .deleteEntries, .setLogLevel, .resetLogLevel, .createRelationships,
            .updateRelationships, .deleteRelationships, .refreshBundle:
            true
        case .countAgents, .listAgents, .getAgent, .postStatus, .countBundles, .getBundle, .publishWITAuthority,
            .listFederatedBundles, .getFederatedBundle, .debugInfo, .countEntries, .listEntries, .getEntry,
            .authorizedEntries, .syncAuthorizedEntries, .jwtAuthorityState, .x509AuthorityState, .witAuthorityState,
            .prepareJWTAuthority, .activateJWTAuthority, .taintJWTAuthority, .revokeJWTAuthority, .prepareX509Authority,
            .activateX509Authority, .taintX509Authority, .taintX509UpstreamAuthority, .revokeX509Authority,
            .revokeX509UpstreamAuthority, .prepareWITAuthority, .activateWITAuthority, .taintWITAuthority,
            .revokeWITAuthority, .getLogger,
            .mintX509SVID, .mintJWTSVID, .mintWITSVID, .newX509SVIDs, .newJWTSVID, .newWITSVIDs, .newDownstreamX509CA,
            .listRelationships, .getRelationship, .checkHealth, .listHealth, .watchHealth:
            false
        }
    }
}
