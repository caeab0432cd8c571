// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Issuer
internal import SPIFFE
internal import Synchronization

/// Who is at the other end of a connection, as the listener found it; ``IssuerCallInterceptor`` makes a call of it.
struct IssuerPeer: ServerContext.TransportSpecific {
    let caller: Caller
}

/// One call that the issuer answers: who makes it, by which right, and what the audit is to say about it.
///
/// The services find it in `ServerContext.transportSpecific`. Facts (SPIFFE) 15.2, 15.5.
final class IssuerCall: ServerContext.TransportSpecific {
    /// What was done to one thing that a call is about.
    struct Item: Sendable {
        /// What it is, by names of ``AuditField``.
        var fields: [AuditField: String]
        /// Why it was not done; nil when it was.
        var refusal: IssuerError?
    }

    let method: IssuerMethod
    /// Names the call in the log, so that an operator finds what the caller was not told.
    let requestID: String
    let caller: Caller
    let grant: CallGrant
    /// How long the caller waits at most; nil when it named no time.
    let deadline: Duration?
    private let log: AccessLog
    private let notes = Mutex<(fields: [AuditField: String], items: [Item], isRecorded: Bool)>(([:], [], false))

    init(
        method: IssuerMethod, requestID: String, caller: Caller, grant: CallGrant, deadline: Duration?, log: AccessLog
    ) {
        self.method = method
        self.requestID = requestID
        self.caller = caller
        self.grant = grant
        self.deadline = deadline
        self.log = log
    }

    /// The call that a service is asked for.
    /// - Throws: `internal` when the interceptor was left out; nothing is done for nobody.
    static func of(_ context: ServerContext) throws(IssuerError) -> IssuerCall {
        guard let call = context.transportSpecific as? IssuerCall else {
            throw IssuerError(.internal, "internal error", detail: "a call came without its interceptor")
        }
        return call
    }

    /// The agent that calls.
    /// - Throws: `permissionDenied` for a call that was not authorised as one of an agent.
    var agent: SPIFFEID {
        get throws(IssuerError) {
            guard grant.role == .agent, let id = grant.id else {
                throw IssuerError(
                    .permissionDenied, "authorization denied for method \(method.rawValue)", reason: .agentNotAttested)
            }
            return id
        }
    }

    /// Who asks, for the record of what is issued.
    var requester: Requester {
        if let id = caller.identity?.id { return Requester(id, callID: requestID) }
        return switch caller {
        case .local(let peer): Requester(name: "uid \(peer.uid)", callID: requestID)
        case .remote(let address, _): Requester(name: "address \(address)", callID: requestID)
        case .unknown: Requester(name: "unknown", callID: requestID)
        }
    }

    /// Most items of one batch: what is answered and recorded is several times what was asked.
    static let mostItems = 20_000

    /// Refuses a batch with too many items.
    static func check(itemCount count: Int) throws(IssuerError) {
        guard count <= mostItems else {
            throw IssuerError(.resourceExhausted, "more than \(mostItems) items in one request")
        }
    }

    // MARK: Notes for the audit

    /// Adds what the call as a whole is about.
    func note(_ field: AuditField, _ value: String) { notes.withLock { $0.fields[field] = value } }

    /// Adds one thing that the call is about.
    func note(_ item: [AuditField: String], refusal: IssuerError? = nil) {
        notes.withLock { $0.items.append(Item(fields: item, refusal: refusal)) }
    }

    /// Writes down that the call was served. The interceptor does; a service that answers with a stream does it itself
    /// before it hands out what must be on record.
    /// - Throws: when it should be recorded and can't be.
    func conclude() async throws(IssuerError) { try await log.conclude(self, failure: nil) }

    /// What is to be said about the call, once; nil from the second time on.
    func takeNotes() -> (fields: [AuditField: String], items: [Item])? {
        notes.withLock { notes in
            guard !notes.isRecorded else { return nil }
            notes.isRecorded = true
            return (notes.fields, notes.items)
        }
    }
}

/// The names that the audit log gives to what a call is about. The raw values are stable. Facts (SPIFFE) 15.5.
enum AuditField: String, Hashable, Sendable {
    case entryID = "entry_id"
    case spiffeID = "spiffe_id"
    case parentID = "parent_id"
    case selectors
    case revision
    case federatesWith = "federates_with"
    case admin
    case downstream
    case agentID = "agent_id"
    case attestationType = "node_attestor_type"
    case serialNumber = "serial_num"
    case expiresAt = "expires_at"
    case csrDigest = "csr_sha256"
    case audience
    case ttl
    case trustDomain = "trust_domain_id"
    case authorityID = "authority_id"
    case deletionMode = "mode"
    case endpointURL = "bundle_endpoint_url"
    case endpointProfile = "bundle_endpoint_profile"
    case level = "new_level"
    case version = "agent_version"
    case count
}
