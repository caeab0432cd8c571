// SPDX-License-Identifier: Apache-2.0

package import GRPCCore
package import Logging
internal import SPIREAPI

extension IdentityServer {
    /// What an agent's public socket serves.
    package struct WorkloadOffer: Hashable, Sendable {
        /// Whether the Workload API is served.
        package var workloadAPI = true
        /// Whether secret discovery is served, and under which names.
        package var secrets: SecretNames? = SecretNames()

        /// Everything.
        package init() {}
    }

    /// The public socket of an agent: Workload API, secret discovery, health and reflection of just these.
    /// Facts (SPIFFE) 8.3, 20.7.
    /// - Parameters:
    ///   - meter: counts its calls; nil for nobody.
    ///   - isServing: what health says.
    package static func workloads(
        at place: LocalPlace, answers: some WorkloadAnswers, offer: WorkloadOffer = WorkloadOffer(),
        limits: ListenerLimits = .local, meter: CallMeter? = nil, logger: Logger,
        isServing: @escaping @Sendable () async -> Bool
    ) -> IdentityServer {
        var services: [any RegistrableRPCService] = [HealthService(isServing: isServing)]
        var described = [Grpc_Health_V1_Health.descriptor]
        if offer.workloadAPI {
            services.append(WorkloadAPIService(answers))
            described.append(Workload_SpiffeWorkloadAPI.descriptor)
        }
        if let names = offer.secrets {
            services.append(SecretDiscoveryService(answers, names: names, logger: logger))
            described.append(Envoy_Service_Secret_V3_SecretDiscoveryService.descriptor)
        }
        return IdentityServer(
            at: place, services: services + Reflection(of: described).registrable,
            interceptors: [refusals(logger), WorkloadHeaderRule.forWorkloadAPI], limits: limits, meter: meter,
            logger: logger,
            identify: WorkloadCaller.identify)
    }

    /// The admin socket of an agent: delegated identity, health and reflection of just these. Facts (SPIFFE) 20.7, 21.
    /// - Parameters:
    ///   - services: what else is served there, with their descriptors.
    package static func administration(
        at place: LocalPlace, answers: some WorkloadAnswers,
        services: [(service: any RegistrableRPCService, descriptor: ServiceDescriptor)] = [],
        limits: ListenerLimits = .local, meter: CallMeter? = nil, logger: Logger,
        isServing: @escaping @Sendable () async -> Bool
    ) -> IdentityServer {
        let own: [any RegistrableRPCService] = [
            HealthService(isServing: isServing), DelegatedIdentityService(answers),
        ]
        let described =
            [
                Grpc_Health_V1_Health.descriptor,
                Spire_Api_Agent_Delegatedidentity_V1_DelegatedIdentity.descriptor,
            ] + services.map(\.descriptor)
        return IdentityServer(
            at: place, services: own + services.map(\.service) + Reflection(of: described).registrable,
            interceptors: [refusals(logger)], limits: limits, meter: meter, logger: logger,
            identify: WorkloadCaller.identify)
    }

    private static func refusals(_ logger: Logger) -> ConditionalInterceptor<any ServerInterceptor> {
        .apply(RefusalInterceptor(logger: logger, caller: WorkloadCaller.logged), to: .all)
    }
}
