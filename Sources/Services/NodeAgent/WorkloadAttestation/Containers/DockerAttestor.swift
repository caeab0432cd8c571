// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes
public import SPIFFE

/// Asks Docker, or Podman, which speaks the same API.
public protocol ContainerEngineClient: Sendable {
    /// The answer to `GET /containers/ID/json`; nil when there is no such container.
    func inspect(_ containerID: String) async throws -> [UInt8]?
}

/// Finds labels, environment and image of the container in which a process runs. Facts (SPIFFE) 20.5.
///
/// The container is believed only when its own first process is in the same control group as the workload: whoever may
/// make control groups could name one after somebody else's container.
public struct DockerAttestor: WorkloadAttestor {
    /// Most bytes of an answer.
    public static let largestAnswer = 4 << 20

    /// The type of its selectors.
    public let name = "docker"
    private let client: any ContainerEngineClient
    private let threads: BlockingThreads

    /// Asks this client; files of processes are read on `threads`.
    public init(_ client: any ContainerEngineClient, threads: BlockingThreads) {
        self.client = client
        self.threads = threads
    }

    /// `label`, `env`, `image_id` and `image_config_digest`; empty for a process outside of containers.
    public func selectors(of process: ProcessHandle) async throws -> Set<Selector> {
        guard let reference = try await threads.run({ try process.container() }) else { return [] }
        guard let answer = try await client.inspect(reference.containerID) else { return [] }
        let container = try InspectedContainer(parsing: answer)
        guard container.id == reference.containerID else {
            throw AttestorError("the engine answered about another container")
        }
        try await check(container, is: reference, seenFrom: process)
        return try container.selectors(type: name)
    }

    private func check(
        _ container: InspectedContainer, is reference: ContainerReference, seenFrom process: ProcessHandle
    ) async throws {
        let first = try await threads.run {
            try ProcessHandle(pid: container.pid, in: process.table).container()
        }
        guard first == reference else {
            throw AttestorError("the process is not in the control group of the container it names")
        }
    }
}

/// What the engine says about a container.
struct InspectedContainer: Sendable {
    let id: String
    /// Its first process; greater than 0 while it runs.
    let pid: Int32
    let labels: [(name: String, value: String)]
    let environment: [String]
    let image: String
    let imageDigest: String

    init(parsing bytes: [UInt8]) throws {
        let limits = Limits(bodyBytes: DockerAttestor.largestAnswer, nestingDepth: 64, documentValues: 1 << 16)
        guard bytes.count <= limits.bodyBytes,
            let value = try? OrderedValue(parsingJSON: bytes.span, strictness: .interoperable, limits: limits),
            let id = value["Id"]?.textValue, let config = value["Config"]
        else { throw AttestorError("the engine's answer is not understood") }
        guard let pid = value.value(at: "State", "Pid")?.integerValue, pid > 0, let pid = Int32(exactly: pid) else {
            throw AttestorError("the container does not run")
        }
        self.id = id
        self.pid = pid
        labels =
            config["Labels"]?.mapValue?.members.compactMap { member in
                member.value.textValue.map { (member.label, $0) }
            } ?? []
        environment = config["Env"]?.listValue?.compactMap(\.textValue) ?? []
        image = config["Image"]?.textValue ?? ""
        imageDigest = value["Image"]?.textValue ?? ""
    }

    func selectors(type: String) throws -> Set<Selector> {
        var values = labels.map { "label:\($0.name):\($0.value)" } + environment.map { "env:\($0)" }
        if !image.isEmpty { values.append("image_id:\(image)") }
        if !imageDigest.isEmpty { values.append("image_config_digest:\(imageDigest)") }
        // A value that is longer than a selector may be is left out: no entry can name it.
        return Set(values.compactMap { try? Selector(type: type, value: $0) })
    }
}
