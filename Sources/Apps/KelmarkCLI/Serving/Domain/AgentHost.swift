// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import IdentityGRPC
internal import IdentityHTTP
internal import Logging
internal import NodeAgent
internal import SPIFFE
internal import SPIREAPI
internal import ServiceLifecycle
internal import TrustBinding

/// A node agent with everything that it is made of, ready to be served.
struct AgentHost: Sendable {
    /// How it is to be.
    struct Plan: Sendable {
        var configuration: AgentConfiguration
        var server: NetworkPlace
        var folder: String
        var clock: any AgentClock
        var threads: BlockingThreads
        var attestors: [any WorkloadAttestor]
        /// How it attests; nil for an agent that has attested before and has no other way.
        var nodeProof: (any NodeProof)?
        /// What decides about authorities when the agent is bound to an organisation.
        var admission: AnchoredAdmission?
        /// What workloads are offered.
        var offer = IdentityServer.WorkloadOffer()
        /// Whether the log names selectors.
        var logsSelectors = false
        /// What runs beside the agent for these parts.
        var beside: [any Service] = []

        init(
            configuration: AgentConfiguration, server: NetworkPlace, folder: String, clock: any AgentClock,
            threads: BlockingThreads, attestors: [any WorkloadAttestor]
        ) {
            self.configuration = configuration
            self.server = server
            self.folder = folder
            self.clock = clock
            self.threads = threads
            self.attestors = attestors
        }
    }

    let agent: Agent
    private let selfCheck: AgentSelfCheck
    private let attestations = AttestationMeter()
    private let meters = (workloads: CallMeter(listener: "workloads"), delegates: CallMeter(listener: "delegates"))
    private let client: GRPCIssuerClient
    private let offer: IdentityServer.WorkloadOffer
    private let beside: [any Service]
    private let admission: AnchoredAdmission?
    private let levels: LogLevelSwitch
    private let startedAt: CertificateTime
    private let logger: Logger
    private let listening = ListeningFlag()

    /// Opens what the agent kept.
    /// - Throws: ``CommandFailure`` for an agent that has never attested and has no way to, and for one that knows nobody to
    ///   trust; what the store fails with.
    static func open(_ plan: Plan, levels: LogLevelSwitch, logger: Logger) async throws -> AgentHost {
        let store = try FileAgentStore(
            folder: plan.folder, trustDomain: plan.configuration.trustDomain, threads: plan.threads)
        let kept = try await store.load()
        if plan.nodeProof == nil, kept?.identity == nil {
            throw CommandFailure(
                "KM-AGENT-NO-ATTESTATION", "the agent has to attest, and nothing says how",
                next: "\(Product.command) token create --out token")
        }
        // Whoever answers would have to be proven, and nobody can be: the agent would ask for ever.
        if case .proven = plan.configuration.bootstrap, plan.admission == nil,
            kept?.bundle.x509Authorities.isEmpty ?? true
        {
            throw CommandFailure(
                "KM-AGENT-NO-TRUST",
                "nothing says whom to take for the issuer: --trust-bundle, --trust-bundle-url or --root with --proof does"
            )
        }
        return AgentHost(plan, store, levels, logger)
    }

    private init(_ plan: Plan, _ store: FileAgentStore, _ levels: LogLevelSwitch, _ logger: Logger) {
        let clock = plan.clock
        client = GRPCIssuerClient(
            of: plan.configuration.trustDomain, at: IssuerAddress(host: plan.server.host, port: plan.server.port),
            now: { clock.now() }, logger: logger)
        agent = Agent(
            plan.configuration, issuer: client, admission: plan.admission ?? OpenBundleAdmission(),
            nodeProof: plan.nodeProof ?? NoProof(), attestors: attestations.metering(plan.attestors), store: store,
            threads: plan.threads, clock: clock, logger: logger, showsSelectors: plan.logsSelectors)
        selfCheck = AgentSelfCheck(of: agent)
        beside = plan.beside
        offer = plan.offer
        admission = plan.admission
        self.levels = levels
        startedAt = clock.now()
        self.logger = logger
    }

    /// What runs: what the agent asks, the agent, and its sockets; one for every process of the machine, the other for the
    /// agent's own user. `environment` names the service manager.
    func services(
        socket: IdentityServer.LocalPlace, adminSocket: IdentityServer.LocalPlace?, environment: [String: String]
    ) -> [any Service] {
        let isServing: @Sendable () async -> Bool = { [agent, selfCheck] in
            agent.health.finding(answersOwnCall: selfCheck.passes).isReady
        }
        let workloads = IdentityServer.workloads(
            at: socket, answers: agent.identities, offer: offer, meter: meters.workloads, logger: logger,
            isServing: isServing)
        var services = beside
        services += [client, agent, selfCheck, workloads, ListeningNotice(listening) { try await workloads.ready() }]
        if let adminSocket {
            services.append(
                IdentityServer.administration(
                    at: adminSocket, answers: agent.identities, services: administration,
                    meter: meters.delegates, logger: logger, isServing: isServing))
        }
        services.append(ManagerNotice(environment: environment, logger: logger) { try await workloads.ready() })
        return services
    }

    /// What operators of the node have at the admin socket, beside what delegates have.
    private var administration: [(service: any RegistrableRPCService, descriptor: ServiceDescriptor)] {
        let debug = AgentDebugService(startedAt: startedAt, identity: { [agent] in agent.identity }) { [agent] in
            agent.health
        }
        return [
            (debug, Spire_Agent_Debug_V1_Debug.descriptor),
            (AgentLoggerService(levels), Spire_Api_Agent_Logger_V1_Logger.descriptor),
        ]
    }

    /// What the agent counts.
    func metrics() -> AgentMetrics {
        AgentMetrics(
            health: { [agent] in agent.health }, attestations: attestations,
            meters: [meters.workloads, meters.delegates])
    }

    /// How the agent is, in words for health endpoints.
    func health() -> HealthEndpoint {
        var checks = [
            HealthCheck("agent") { [agent, selfCheck] in
                agent.health.finding(answersOwnCall: selfCheck.passes)
            },
            listening.check("agent.listener"),
        ]
        if let admission { checks.append(HealthCheck("agent.trust") { admission.standing.finding }) }
        return HealthEndpoint(checks)
    }
}

extension AgentHealth {
    /// Ready while workloads are answered, which the agent finds out by a call of its own.
    func finding(answersOwnCall: Bool) -> HealthCheck.Finding {
        var detail = ""
        if !isReady {
            detail = "\(phase), \(failedRounds) rounds failed"
        } else if !answersOwnCall {
            detail = "\(phase), but a call of its own is not answered"
        }
        return HealthCheck.Finding(isLive: isLive, isReady: isReady && answersOwnCall, detail: detail)
    }
}

extension AnchoredAdmission.Standing {
    /// Not ready before an authority is proven; a newer proof that could not be read is told, and no more.
    var finding: HealthCheck.Finding {
        var clauses = asOf.isEmpty ? [] : ["proven as of " + asOf.map(\.description).joined(separator: ", ")]
        clauses.append("\(admitted) authorities admitted, \(refused) refused")
        if let problem { clauses.append(problem) }
        let detail = clauses.joined(separator: "; ")
        return admitted > 0 ? .healthy(detail) : .notReady(detail)
    }
}

/// For an agent that has attested before and has no other way: it goes on with what it kept, and ends when it can't.
private struct NoProof: NodeProof {
    func data() throws -> NodeAttestationData { throw AgentPhase.StopReason.cannotReattest }

    func answer(_ challenge: [UInt8]) throws -> [UInt8] { [] }
}
