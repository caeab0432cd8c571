// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import SPIFFE

/// Options of every command that is a workload.
struct WorkloadOptions: ParsableArguments {
    @Option(
        name: .also("socket-path", as: "socketPath"),
        help: ArgumentHelp(
            "Socket of the Workload API, a path or an address (default: SPIFFE_ENDPOINT_SOCKET, then workload.sock in the "
                + "runtime folder).", valueName: "path"),
        completion: .file())
    var socketPath: String?
    @Option(name: SocketInstance.option, help: SocketInstance.workload.help)
    var instance: String?
    @OptionGroup var form: OutputOptions

    /// Where the Workload API is.
    /// - Throws: ``CommandFailure`` for a text that names none.
    func address(_ environment: [String: String]) throws -> EndpointAddress {
        try Self.address(socketPath ?? SocketInstance.workload.path(of: instance, environment), environment)
    }

    /// Where the Workload API is that an option names, or the environment, or nobody.
    /// - Throws: ``CommandFailure`` for a text that names none.
    static func address(_ socketPath: String?, _ environment: [String: String]) throws -> EndpointAddress {
        if let socketPath, socketPath.hasPrefix("/") || !socketPath.contains(":") { return .unix(path: socketPath) }
        let variable = EndpointAddress.environmentVariable
        let named = socketPath ?? environment[variable].flatMap { $0.isEmpty ? nil : $0 }
        guard let named else {
            return .unix(path: Product.Socket.path(Product.Socket.workload, environment: environment))
        }
        do {
            return try EndpointAddress(named)
        } catch {
            throw CommandFailure(
                "KM-WORKLOAD-ADDRESS",
                "\(socketPath == nil ? "\(variable)=\(named)" : named) names no Workload API: \(error.rawValue)")
        }
    }
}

/// How long a workload waits.
struct PatienceOptions: ParsableArguments {
    @Option(
        name: .also("timeout", as: "timeout"),
        help: ArgumentHelp("How long to wait for the agent (default: 30s).", valueName: "time"),
        transform: Typed.lifetime)
    var timeout: Int32 = 30

    var duration: Duration {
        get throws(CommandFailure) {
            guard timeout > 0 else { throw Typed.usage("--timeout takes a second at least") }
            return .seconds(timeout)
        }
    }
}

extension CommandContext {
    /// Runs `body` as a workload.
    /// - Throws: ``CommandFailure``, also for every refusal of the Workload API.
    func working<Result: Sendable>(
        _ options: WorkloadOptions, patience: Duration? = .seconds(30),
        _ body: (WorkloadCalls) async throws -> Result
    ) async throws -> Result {
        try await working(at: options.address(environment), patience: patience, body)
    }

    /// Runs `body` as a workload of the agent at an address.
    /// - Throws: ``CommandFailure``, also for every refusal of the Workload API.
    func working<Result: Sendable>(
        at address: EndpointAddress, patience: Duration? = .seconds(30),
        _ body: (WorkloadCalls) async throws -> Result
    ) async throws -> Result {
        console.detail("asking the Workload API at \(address)")
        do {
            return try await WorkloadCalls.connected(to: address, patience: patience, body)
        } catch let error as AdministrationError {
            throw CommandFailure(workload: error)
        }
    }
}

extension CommandFailure {
    /// What the Workload API refused. Its codes mean something else than an issuer's. Facts (SPIFFE) 8.1.
    init(workload error: AdministrationError) {
        let name =
            switch error.code {
            case .unreachable: "unreachable"
            case .permissionDenied, .unauthenticated: "no-identity"
            case .invalidArgument: "refused"
            case .unimplemented: "not-served"
            case .unavailable, .deadlineExceeded, .resourceExhausted, .cancelled, .aborted: "unavailable"
            default: "failed"
            }
        self.init(ErrorArea.workload.code(name), error.message)
    }
}
