// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import NodeAgent

struct ContainerAttestorTests {
    static let id = ContainerReferenceTests.id
    static let pod = ContainerReferenceTests.pod
    let processes = FakeProcesses()
    let clock = TestClock()

    private struct Engine: ContainerEngineClient {
        var answer: String?
        func inspect(_ containerID: String) -> [UInt8]? { answer.map { Array($0.utf8) } }
    }

    private final class Kubelet: KubeletClient {
        let answers: @Sendable (Int) -> String
        let asked = Counter()
        init(_ answers: @escaping @Sendable (Int) -> String) { self.answers = answers }
        func pods() async throws -> [UInt8] { Array(answers(asked.next()).utf8) }
    }

    private struct Systemd: SystemdClient {
        var unit: SystemdUnit?
        func unit(ofPID pid: Int32) -> SystemdUnit? { unit }
    }

    private func process(_ cgroup: String = "0::/docker/\(id)\n") throws -> ProcessHandle {
        processes.add(7, cgroup: cgroup)
        return try ProcessHandle(pid: 7, in: processes.table)
    }

    private func inspect(_ answer: String?, _ process: ProcessHandle) async throws -> Set<String> {
        let attestor = DockerAttestor(Engine(answer: answer), threads: BlockingThreads())
        return Set(try await attestor.selectors(of: process).map(\.description))
    }

    private func answer(id: String = id, pid: String = "5") -> String {
        """
        {"Id":"\(id)","Image":"sha256:aa","State":{"Pid":\(pid)},"Config":{"Image":"web:1",
        "Labels":{"com.example:x":"y","n":1},"Env":["A=b","C=d=e"]}}
        """
    }

    // MARK: Docker

    @Test func `a container has labels, environment and image`() async throws {
        processes.add(5, cgroup: "0::/docker/\(Self.id)\n")
        #expect(
            try await inspect(answer(), try process()) == [
                "docker:label:com.example:x:y", "docker:env:A=b", "docker:env:C=d=e", "docker:image_id:web:1",
                "docker:image_config_digest:sha256:aa",
            ])
    }

    @Test func `outside of containers there is nothing to find`() async throws {
        #expect(try await inspect(answer(), try process("0::/system.slice\n")).isEmpty)
        #expect(try await inspect(nil, try process()).isEmpty)
    }

    @Test func `a group that is only named like a container is not believed`() async throws {
        processes.add(5, cgroup: "0::/docker/\(Self.id)\n")
        let forged = try process("0::/user.slice/user-1000.slice/docker/\(Self.id)\n")
        await #expect(throws: AttestorError.self) { try await inspect(answer(), forged) }
    }

    @Test func `an answer about another container, one that does not run, or another form is refused`() async throws {
        processes.add(5, cgroup: "0::/docker/\(Self.id)\n")
        let process = try process()
        for text in [
            answer(id: ContainerReferenceTests.inner), answer(pid: "0"), answer(pid: "4294967301"), "{}", "[", "",
            #"{"Id":"\#(Self.id)","Id":"x"}"#,
        ] {
            await #expect(throws: AttestorError.self) { try await inspect(text, process) }
        }
    }

    // MARK: Kubernetes

    private static let group = "0::/kubepods/burstable/pod\(pod)/\(id)\n"

    private static func pods(uid: String = pod, id: String = id, annotations: String = "{}") -> String {
        """
        {"items":[{"metadata":{"uid":"other"}},{"metadata":{"name":"web-1","namespace":"shop","uid":"\(uid)",
        "annotations":\(annotations),"labels":{"app":"web"},
        "ownerReferences":[{"kind":"ReplicaSet","name":"web","uid":"o-1"}]},
        "spec":{"serviceAccountName":"sa-1","nodeName":"n1"},
        "status":{"containerStatuses":[{"name":"side","image":"side:1","imageID":"side@sha256:1","containerID":"x"},
        {"name":"main","image":"web:1","imageID":"web@sha256:2","containerID":"containerd://\(id)"}],
        "initContainerStatuses":[{"name":"init","image":"init:1","imageID":"i","containerID":"containerd://1"}]}}]}
        """
    }

    private func kubernetes(_ kubelet: Kubelet, attempts: Int = 60) -> KubernetesAttestor {
        KubernetesAttestor(kubelet, threads: BlockingThreads(), clock: clock, attempts: attempts)
    }

    @Test func `a pod has what entries can name`() async throws {
        let process = try process(Self.group)
        let found = try await kubernetes(Kubelet { _ in Self.pods() }).selectors(of: process)
        #expect(
            Set(found.map(\.value)) == [
                "ns:shop", "pod-name:web-1", "pod-uid:\(Self.pod)", "sa:sa-1", "node-name:n1", "container-name:main",
                "container-image:web:1", "container-image:web@sha256:2", "pod-label:app:web",
                "pod-owner:ReplicaSet:web", "pod-owner-uid:ReplicaSet:o-1", "pod-image-count:2", "pod-image:side:1",
                "pod-image:side@sha256:1", "pod-image:web:1", "pod-image:web@sha256:2", "pod-init-image-count:1",
                "pod-init-image:init:1", "pod-init-image:i",
            ])
        #expect(found.allSatisfy { $0.type == "k8s" })
    }

    @Test func `a pod from a file on the node has the hash of the file`() async throws {
        let process = try process(Self.group)
        let annotations = #"{"kubernetes.io/config.hash":"\#(Self.pod)"}"#
        let found = try await kubernetes(
            Kubelet { _ in Self.pods(uid: "mirror", annotations: annotations) }
        ).selectors(of: process)
        #expect(found.contains(try Selector("k8s:pod-uid:mirror")))
    }

    @Test func `a container that is not listed yet is asked for again`() async throws {
        let process = try process(Self.group)
        let kubelet = Kubelet { $0 < 3 ? #"{"items":[]}"# : Self.pods() }
        let attestor = kubernetes(kubelet)
        async let found = attestor.selectors(of: process)
        for _ in 0..<2 {
            await clock.untilSleeping(1)
            clock.advance(by: .milliseconds(500))
        }
        #expect(try await !found.isEmpty)
        #expect(kubelet.asked.value == 3)
    }

    @Test func `a container that is never listed is given up`() async throws {
        let process = try process(Self.group)
        for list in [#"{"items":[]}"#, Self.pods(uid: "another"), Self.pods(id: ContainerReferenceTests.inner)] {
            await #expect(throws: AttestorError.self) {
                try await kubernetes(Kubelet { _ in list }, attempts: 1).selectors(of: process)
            }
        }
    }

    @Test func `a user's group that is named like a pod's is not believed`() async throws {
        for place in ["user.slice", "system.slice/site.service"] {
            let process = try process("0::/\(place)/kubepods/pod\(Self.pod)/\(Self.id)\n")
            await #expect(throws: AttestorError.self) {
                try await kubernetes(Kubelet { _ in Self.pods() }).selectors(of: process)
            }
        }
    }

    @Test func `a container's control group that a process has mounted is not its own`() async throws {
        processes.add(5, cgroup: "0::/docker/\(Self.id)\n")
        // What `unshare --user --mount` and a bind mount give to any user.
        for group in ["/docker/\(Self.id)", "/kubepods/burstable/pod\(Self.pod)/\(Self.id)"] {
            processes.add(
                7, cgroup: "0::/user.slice\n", mounts: "63 43 0:38 \(group) /mnt/x rw,relatime - cgroup2 cgroup2 rw\n")
            let process = try ProcessHandle(pid: 7, in: processes.table)
            #expect(try await inspect(answer(), process).isEmpty)
            let kubelet = Kubelet { _ in Self.pods() }
            #expect(try await kubernetes(kubelet).selectors(of: process).isEmpty)
            #expect(kubelet.asked.value == 0)
        }
    }

    @Test func `outside of pods nobody is asked`() async throws {
        let kubelet = Kubelet { _ in "" }
        #expect(try await kubernetes(kubelet).selectors(of: try process()).isEmpty)
        #expect(kubelet.asked.value == 0)
    }

    @Test(arguments: ["", "{}", #"{"items":{}}"#, #"{"items":[],"items":[]}"#])
    func `a list of another form is refused`(text: String) async throws {
        let process = try process(Self.group)
        await #expect(throws: AttestorError.self) {
            try await kubernetes(Kubelet { _ in text }).selectors(of: process)
        }
    }

    // MARK: systemd

    @Test func `a unit has a name and a file`() async throws {
        let process = try process()
        let unit = SystemdUnit(id: "web.service", fragmentPath: "/etc/systemd/system/web.service")
        let found = try await SystemdAttestor(Systemd(unit: unit)).selectors(of: process)
        #expect(
            Set(found.map(\.description)) == [
                "systemd:id:web.service", "systemd:fragment_path:/etc/systemd/system/web.service",
            ])
        #expect(try await SystemdAttestor(Systemd(unit: nil)).selectors(of: process).isEmpty)
        let bare = SystemdUnit(id: "session-1.scope", fragmentPath: "")
        #expect(try await SystemdAttestor(Systemd(unit: bare)).selectors(of: process).count == 1)
    }
}
