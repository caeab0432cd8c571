// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import IdentityGRPC

@Suite(.timeLimit(.minutes(2))) struct ReflectionTests {
    private let reflection = Reflection(of: [
        Workload_SpiffeWorkloadAPI.descriptor, Grpc_Health_V1_Health.descriptor,
    ])

    @Test func servedServicesAreListed() {
        #expect(
            reflection.services == [
                "SpiffeWorkloadAPI", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection",
            ])
    }

    @Test func aServiceIsDescribedWithItsImports() throws {
        let files = try #require(reflection.file(defining: "SpiffeWorkloadAPI"))
        let names = try files.map { try Google_Protobuf_FileDescriptorProto(serializedBytes: $0).name }
        #expect(names == ["spiffe/workload.proto", "google/protobuf/struct.proto"])
    }

    @Test(arguments: [
        "SpiffeWorkloadAPI.FetchX509SVID", "X509SVIDResponse", "X509SVIDResponse.FederatedBundlesEntry",
        "grpc.health.v1.HealthCheckResponse.ServingStatus", "google.protobuf.Struct",
    ]) func symbolsAreFound(symbol: String) { #expect(reflection.file(defining: symbol) != nil) }

    @Test(arguments: [
        "spire.api.server.entry.v1.Entry", "spire.api.types.Entry", "nothing", "",
        "spire.api.agent.delegatedidentity.v1.DelegatedIdentity",
    ]) func whatIsNotServedIsNotDescribed(symbol: String) {
        #expect(reflection.file(defining: symbol) == nil)
        #expect(reflection.file(named: "spire/api/server/entry/v1/entry.proto") == nil)
    }

    @Test func bothVersionsAnswer() async throws {
        let folder = try SocketFolder()
        var limits = ListenerLimits.local
        limits.grace = .zero
        let server = IdentityServer(
            at: .path(folder.socket, permissions: 0o600), services: reflection.registrable, limits: limits,
            logger: ScriptedAnswers.silent, identify: WorkloadCaller.identify)
        let (v1, v1alpha, code) = try await serving(server) { [path = folder.socket] in
            try await calling(path) { client in
                let v1 = try await Grpc_Reflection_V1_ServerReflection.Client(wrapping: client).serverReflectionInfo(
                    requestProducer: { try await $0.write(.with { $0.listServices = "*" }) },
                    onResponse: { response in
                        try await response.messages.reduce(into: [String]()) {
                            $0 += $1.listServicesResponse.service.map(\.name)
                        }
                    })
                let v1alpha = try await Grpc_Reflection_V1alpha_ServerReflection.Client(wrapping: client)
                    .serverReflectionInfo(
                        requestProducer: { try await $0.write(.with { $0.fileContainingSymbol = "X509SVID" }) },
                        onResponse: { response in
                            try await response.messages.reduce(into: 0) {
                                $0 += $1.fileDescriptorResponse.fileDescriptorProto.count
                            }
                        })
                let code = try await Grpc_Reflection_V1_ServerReflection.Client(wrapping: client)
                    .serverReflectionInfo(
                        requestProducer: {
                            try await $0.write(.with { $0.fileContainingSymbol = "spire.api.types.Entry" })
                        },
                        onResponse: { response in
                            try await response.messages.reduce(into: Int32(0)) { $0 = $1.errorResponse.errorCode }
                        })
                return (v1, v1alpha, code)
            }
        }
        #expect(v1 == reflection.services)
        #expect(v1alpha == 2)
        #expect(code == 5)
    }
}
