// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Asks the kubelet of this node.
public protocol KubeletClient: Sendable {
    /// The answer to `GET /pods`: the pods of this node.
    func pods() async throws -> [UInt8]
}

/// Finds the pod and the container in which a process runs. Facts (SPIFFE) 20.5.
///
/// A container may begin before the kubelet lists it, so the attestor asks again for a while.
public struct KubernetesAttestor: WorkloadAttestor {
    /// Most bytes of an answer.
    public static let largestAnswer = 32 << 20

    /// The type of its selectors.
    public let name = "k8s"
    private let client: any KubeletClient
    private let threads: BlockingThreads
    private let clock: any AgentClock
    private let attempts: Int
    private let pause: Duration

    /// - Parameters:
    ///   - client: asks the kubelet.
    ///   - threads: where files of processes are read and answers taken apart.
    ///   - clock: waits between two attempts.
    ///   - attempts: how often to ask, at least once.
    ///   - pause: how long to wait between two attempts.
    public init(
        _ client: any KubeletClient, threads: BlockingThreads, clock: any AgentClock, attempts: Int = 60,
        pause: Duration = .milliseconds(500)
    ) {
        self.client = client
        self.threads = threads
        self.clock = clock
        self.attempts = max(1, attempts)
        self.pause = pause
    }

    /// The selectors of the pod and of the container; empty for a process outside of pods.
    public func selectors(of process: ProcessHandle) async throws -> Set<Selector> {
        guard let reference = try await threads.run({ try process.container() }), reference.podUID != nil else {
            return []
        }
        guard reference.isOfKubelet else { throw AttestorError("a control group outside of the kubelet's names a pod") }
        for attempt in 1...attempts {
            let answer = try await client.pods()
            if let pod = try await threads.run({ try KubernetesPod.find(reference, in: answer) }) {
                return pod.selectors(type: name)
            }
            if attempt < attempts { try await clock.sleep(for: pause) }
        }
        throw AttestorError("the kubelet does not list the container")
    }
}
