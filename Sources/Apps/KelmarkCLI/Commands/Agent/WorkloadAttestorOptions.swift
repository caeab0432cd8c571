// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import NodeAgent
internal import NodeLocal
internal import ServiceLifecycle

/// What an agent finds out about workloads, beside the user and the groups that the kernel names.
struct WorkloadAttestorOptions: ParsableArguments {
    /// Where Kubernetes puts what pods need to speak with it.
    private static let serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

    @Flag(help: "Find out paths and hashes of programs; needs rights over the processes.")
    var discoverWorkloadPath = false
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Largest program that is hashed; 0 hashes every one, -1 none.", valueName: "bytes"))
    var workloadSizeLimit: Int64 = 256 << 20
    @Option(
        name: .customLong("docker-socket"),
        help: ArgumentHelp(
            "The socket of Docker or Podman, to find out about containers; may be repeated.", valueName: "path"),
        completion: .file())
    var engineSockets: [String] = []
    @Option(
        help: ArgumentHelp(
            "The kubelet of this node, to find out about pods: https://127.0.0.1:10250 for instance.",
            valueName: "URL"))
    var kubelet: String?
    @Option(
        help: ArgumentHelp("The name in the kubelet's certificate, if not the URL's host.", valueName: "name"))
    var kubeletName: String?
    @Option(
        help: ArgumentHelp("The authorities of the kubelet's certificate (PEM).", valueName: "file"),
        completion: .file())
    var kubeletCa = WorkloadAttestorOptions.serviceAccount + "/ca.crt"
    @Option(
        help: ArgumentHelp("The token that the kubelet lets the agent in by.", valueName: "file"), completion: .file())
    var kubeletToken = WorkloadAttestorOptions.serviceAccount + "/token"
    @Flag(help: "Take whoever answers for the kubelet; at loopback addresses only.")
    var kubeletUnverified = false
    @Flag(help: "Find out the systemd unit of processes, over the system bus.")
    var systemd = false
    @Option(
        help: ArgumentHelp("The socket of the system bus.", valueName: "path"), completion: .file())
    var systemBusSocket = SystemBus.usualSocket
    @Flag(help: "Log the selectors that are found, at level debug; they may tell of environments.")
    var logSelectors = false

    /// What is found out about programs.
    var program: UnixAttestor.ProgramPolicy {
        let largest: Int64? = workloadSizeLimit < 0 ? nil : workloadSizeLimit == 0 ? .max : workloadSizeLimit
        return UnixAttestor.ProgramPolicy(
            findsPath: discoverWorkloadPath, largestHashed: discoverWorkloadPath ? largest : nil)
    }

    func validate() throws {
        guard discoverWorkloadPath || workloadSizeLimit == 256 << 20 else {
            throw ValidationError("--workload-size-limit is for programs: give --discover-workload-path, too.")
        }
        guard let kubelet else {
            guard kubeletName == nil, !kubeletUnverified else {
                throw ValidationError("--kubelet says where the kubelet is.")
            }
            return
        }
        guard let place = KubeletPlace(kubelet) else {
            throw ValidationError("--kubelet is https://host:port, or http:// at a loopback address.")
        }
        guard !kubeletUnverified || place.isLoopback else {
            throw ValidationError("--kubelet-unverified is for loopback addresses only.")
        }
    }

    /// The attestors, and what must run beside the agent for them.
    /// - Throws: ``CommandFailure``.
    func attestors(
        clock: any AgentClock, threads: BlockingThreads
    ) throws -> (attestors: [any WorkloadAttestor], services: [any Service]) {
        var attestors: [any WorkloadAttestor] = [
            UnixAttestor(program: program, threads: threads, sparing: getpid())
        ]
        var services: [any Service] = []
        if !engineSockets.isEmpty {
            let http = LocalHTTPClient(clock: clock)
            services.append(http)
            attestors += engineSockets.map {
                DockerAttestor(ContainerEngine(socket: $0, http: http), threads: threads)
            }
        }
        if let kubelet, let place = KubeletPlace(kubelet) {
            do {
                let client = try Kubelet(
                    at: place, named: kubeletName, proof: kubeletUnverified ? .none : .authority(file: kubeletCa),
                    tokenFile: kubeletToken, clock: clock, threads: threads)
                services.append(client.connections)
                attestors.append(KubernetesAttestor(client, threads: threads, clock: clock))
            } catch {
                throw CommandFailure("KM-AGENT-ATTESTOR", "\(error)")
            }
        }
        if systemd {
            attestors.append(SystemdAttestor(SystemBus(socket: systemBusSocket, clock: clock)))
        }
        return (attestors, services)
    }
}
