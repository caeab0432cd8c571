// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Glibc
internal import SPIFFE
internal import SPIREAPI
internal import SwiftProtobuf

/// A connection to a server of this machine, which knows its callers by the kernel.
struct LocalConnection: Sendable {
    typealias Transport = HTTP2ClientTransport.Posix

    let client: GRPCClient<Transport>
    /// What is told of every call.
    let options: CallOptions

    /// Runs `body` with a connection that is closed afterwards.
    /// - Throws: ``AdministrationError``, ``AdministrationError/Code/unreachable`` when nobody answers there.
    static func open<Result: Sendable>(
        _ address: EndpointAddress, patience: Duration?, _ body: (LocalConnection) async throws -> Result
    ) async throws -> Result {
        var options = CallOptions.defaults
        options.timeout = patience
        // Who is not there now is not waited for.
        options.waitForReady = false
        options.maxResponseMessageBytes = IssuerAdministration.largestAnswer
        let transport: Transport
        do {
            transport = try self.transport(to: address)
        } catch let error as RuntimeError {
            throw AdministrationError(.unreachable, "\(address): \(error.message)")
        }
        return try await withGRPCClient(transport: transport) { [options] client in
            try await body(LocalConnection(client: client, options: options))
        }
    }

    private static func transport(to address: EndpointAddress) throws -> Transport {
        switch address {
        case .unix(let path):
            try probe(path)
            return try Transport(target: .unixDomainSocket(path: path), transportSecurity: .plaintext)
        case .tcp(let host, let port) where host.contains(":"):
            return try Transport(target: .ipv6(address: host, port: Int(port)), transportSecurity: .plaintext)
        case .tcp(let host, let port):
            return try Transport(target: .ipv4(address: host, port: Int(port)), transportSecurity: .plaintext)
        }
    }

    /// Makes a call, and names its failure.
    func call<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as RPCError {
            throw AdministrationError(error)
        }
    }

    /// Asks the server for its health, by the empty name of a service.
    func isHealthy() async throws -> Bool {
        try await call {
            let health = Grpc_Health_V1_Health.Client(wrapping: client)
            return try await health.check(.init(), options: options).status == .serving
        }
    }

    /// Connects once, only to learn from the system why it can't be done.
    private static func probe(_ path: String) throws(AdministrationError) {
        guard !path.isEmpty, path.utf8.count <= EndpointAddress.longestPath, !path.utf8.contains(0) else {
            throw AdministrationError(.unreachable, "\(path) is no path of a socket")
        }
        // Without SOCK_NONBLOCK a server that takes no connections would hold us for ever.
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw AdministrationError(.unreachable, "\(path): \(systemText())") }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            throw AdministrationError(errno == EAGAIN ? .unavailable : .unreachable, "\(path): \(systemText())")
        }
    }

    private static func systemText() -> String { String(cString: strerror(errno)) }
}
