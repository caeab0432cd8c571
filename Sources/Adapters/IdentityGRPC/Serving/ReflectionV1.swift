// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import GRPCCore
internal import SPIREAPI
internal import SwiftProtobuf

/// `grpc.reflection.v1`.
struct ReflectionV1: Grpc_Reflection_V1_ServerReflection.SimpleServiceProtocol {
    let content: Reflection

    func serverReflectionInfo(
        request: RPCAsyncSequence<Grpc_Reflection_V1_ServerReflectionRequest, any Error>,
        response: RPCWriter<Grpc_Reflection_V1_ServerReflectionResponse>, context: ServerContext
    ) async throws {
        for try await question in request { try await response.write(answer(to: question)) }
    }

    private func answer(
        to question: Grpc_Reflection_V1_ServerReflectionRequest
    ) -> Grpc_Reflection_V1_ServerReflectionResponse {
        .with { answer in
            answer.validHost = question.host
            answer.originalRequest = question
            let files: [[UInt8]]? =
                switch question.messageRequest {
                case .listServices:
                    nil
                case .fileByFilename(let name): content.file(named: name)
                case .fileContainingSymbol(let symbol): content.file(defining: symbol)
                case .fileContainingExtension, .allExtensionNumbersOfType, nil: nil
                }
            if case .listServices = question.messageRequest {
                answer.listServicesResponse.service = content.services.map { name in .with { $0.name = name } }
            } else if let files {
                answer.fileDescriptorResponse.fileDescriptorProto = files.map { Data($0) }
            } else {
                answer.errorResponse.errorCode = Int32(Status.Code.notFound.rawValue)
                answer.errorResponse.errorMessage = "not found"
            }
        }
    }
}
