// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import IdentityHTTP
internal import Logging
internal import NodeAgent
internal import SPIFFE
internal import ServiceLifecycle

/// A node agent with everything that it is made of, ready to be served.
struct AgentHost: Sendable {
    /// How it is to be.
    struct Plan: Sendable {
        var configuration: AgentConfiguration
        var server: NetworkPlace
        var folder: String
        /// For the first attestation.
        var token: String?
        var program: UnixAttestor.ProgramPolicy
    }

    let agent: Agent
    private let client: GRPCIssuerClient
    private let logger: Logger
    private let listening = ListeningFlag()

    init(_ plan: Plan, logger: Logger) throws {
        let threads = BlockingThreads()
        let clock = SystemAgentClock()
        client = GRPCIssuerClient(
            of: plan.configuration.trustDomain, at: IssuerAddress(host: plan.server.host, port: plan.server.port),
            now: { clock.now() }, logger: logger)
        agent = Agent(
            plan.configuration, issuer: client, admission: OpenBundleAdmission(),
            nodeProof: plan.token.map { JoinTokenProof(token: $0) } ?? NoProof(),
            attestors: [UnixAttestor(program: plan.program, threads: threads)],
            store: try FileAgentStore(
                folder: plan.folder, trustDomain: plan.configuration.trustDomain, threads: threads),
            threads: threads, clock: clock, logger: logger)
        self.logger = logger
    }

    /// What runs: the client of the issuer, the agent, and its sockets; one for every process of the machine, the other for
    /// the agent's own user.
    func services(socket: String, adminSocket: String?) -> [any Service] {
        let isServing: @Sendable () async -> Bool = { [agent] in agent.health.isReady }
        let workloads = IdentityServer.workloads(
            at: .path(socket, permissions: 0o666), answers: agent.identities, logger: logger, isServing: isServing)
        var services: [any Service] = [
            client, agent, workloads, ListeningNotice(listening) { try await workloads.ready() },
        ]
        if let adminSocket {
            services.append(
                IdentityServer.administration(
                    at: .path(adminSocket, permissions: 0o600), answers: agent.identities, logger: logger,
                    isServing: isServing))
        }
        return services
    }

    /// How the agent is, in words for health endpoints.
    func health() -> HealthEndpoint {
        HealthEndpoint([
            HealthCheck("agent") { [agent] in
                let health = agent.health
                return HealthCheck.Finding(
                    isLive: health.isLive, isReady: health.isReady,
                    detail: health.isReady ? "" : "\(health.phase), \(health.failedRounds) rounds failed")
            },
            listening.check("agent.listener"),
        ])
    }
}

/// For an agent that has attested before and has no other way: it goes on with what it kept.
private struct NoProof: NodeProof {
    func data() throws -> NodeAttestationData {
        throw CommandFailure(
            "KM-AGENT-NO-ATTESTATION", "the agent has to attest, and nothing says how",
            next: "\(Product.command) token create --out token")
    }

    func answer(_ challenge: [UInt8]) throws -> [UInt8] { [] }
}
