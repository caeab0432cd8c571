// SPDX-License-Identifier: Apache-2.0

package import GRPCCore
internal import KelmarkBytes
internal import SPIREAPI
internal import SwiftProtobuf

/// The definitions of the services of one server, for clients that ask what it speaks. Of what the server does not serve
/// it says nothing. Facts (SPIFFE) 8.1, 24.29.
package struct Reflection: Sendable {
    private static let all: [String: Google_Protobuf_FileDescriptorProto] = {
        // Written by our own generator: text that does not decode would not get past the tests.
        let text = APIDescriptors.base64URL.withUTF8Buffer { Array($0) }
        let bytes = (try? Base64URL.decode(text.span)) ?? []
        let set = try? Google_Protobuf_FileDescriptorSet(serializedBytes: bytes)
        return Dictionary(set?.file.map { ($0.name, $0) } ?? []) { first, _ in first }
    }()

    /// The names of the services, sorted.
    let services: [String]
    /// The files of the services and everything they import, by name.
    private let files: [String: Google_Protobuf_FileDescriptorProto]
    /// In which file what is defined.
    private let places: [String: String]

    /// Reflection itself.
    static let descriptors: Set<ServiceDescriptor> = [
        Grpc_Reflection_V1_ServerReflection.descriptor, Grpc_Reflection_V1alpha_ServerReflection.descriptor,
    ]

    /// Describes services, and reflection itself.
    package init(of served: [ServiceDescriptor]) {
        let services = Self.descriptors.union(served).reduce(into: Set()) { $0.insert($1.fullyQualifiedService) }
        var files: [String: Google_Protobuf_FileDescriptorProto] = [:]
        func take(_ name: String) {
            guard files[name] == nil, let file = Self.all[name] else { return }
            files[name] = file
            file.dependency.forEach(take)
        }
        for file in Self.all.values where file.service.contains(where: { services.contains(file.qualified($0.name)) }) {
            take(file.name)
        }
        var places: [String: String] = [:]
        for file in files.values {
            for symbol in file.symbols { places[symbol] = file.name }
            for service in file.service where services.contains(file.qualified(service.name)) {
                places[file.qualified(service.name)] = file.name
                for method in service.method { places[file.qualified(service.name) + "." + method.name] = file.name }
            }
        }
        self.services = services.sorted()
        self.files = files
        self.places = places
    }

    /// A file and what it imports, the file first; nil when there is none.
    func file(named name: String) -> [[UInt8]]? {
        guard files[name] != nil else { return nil }
        var order: [String] = []
        func take(_ name: String) {
            guard !order.contains(name), let file = files[name] else { return }
            order.append(name)
            file.dependency.forEach(take)
        }
        take(name)
        return try? order.compactMap { try files[$0]?.serializedBytes() }
    }

    /// The file that defines a service, method, message or enumeration.
    func file(defining symbol: String) -> [[UInt8]]? { places[symbol].flatMap { file(named: $0) } }

    /// Both versions of the service, which are alike.
    package var registrable: [any RegistrableRPCService] {
        [ReflectionV1(content: self), ReflectionV1Alpha(content: self)]
    }
}

extension Google_Protobuf_FileDescriptorProto {
    fileprivate func qualified(_ name: String) -> String { package.isEmpty ? name : package + "." + name }

    /// Messages and enumerations with their full names.
    fileprivate var symbols: [String] {
        var found = enumType.map { qualified($0.name) }
        func take(_ message: Google_Protobuf_DescriptorProto, _ name: String) {
            found.append(name)
            found += message.enumType.map { name + "." + $0.name }
            for inner in message.nestedType { take(inner, name + "." + inner.name) }
        }
        for message in messageType { take(message, qualified(message.name)) }
        return found
    }
}
