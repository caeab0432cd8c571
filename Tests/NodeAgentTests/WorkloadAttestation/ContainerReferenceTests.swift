// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NodeAgent

struct ContainerReferenceTests {
    static let id = String(repeating: "0123456789abcdef", count: 4)
    static let inner = String(repeating: "fedcba9876543210", count: 4)
    static let pod = "6bd48ac5-6f2f-4d62-9a1d-3b1b0f5a7c11"
    static let podSlice = "kubepods-pod6bd48ac5_6f2f_4d62_9a1d_3b1b0f5a7c11.slice"

    struct Case: CustomTestStringConvertible, Sendable {
        let path: String
        var pod: String?
        var testDescription: String { String(path.prefix(60)) }
    }

    static let named = [
        Case(path: "/docker/\(id)"), Case(path: "/system.slice/docker-\(id).scope"),
        Case(path: "/machine.slice/libpod-\(id).scope/container"), Case(path: "/libpod_parent/libpod-\(id)"),
        Case(path: "/kubepods/burstable/pod\(pod)/\(id)", pod: pod),
        Case(
            path: "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"
                + "\(String(pod.map { $0 == "-" ? "_" : $0 })).slice/cri-containerd-\(id).scope", pod: pod),
        Case(
            path: "/kubepods.slice/kubepods-pod\(String(pod.map { $0 == "-" ? "_" : $0 })).slice/crio-\(id).scope",
            pod: pod), Case(path: "/../../docker/\(id)/sub:group"),
        Case(path: "/system.slice/nerdctl-\(id).scope"), Case(path: "/default/\(id)"),
        Case(path: "/kubepods/pod0123456789abcdef0123456789abcdef/\(id)", pod: "0123456789abcdef0123456789abcdef"),
    ]

    @Test(arguments: named) func `finds the container in both versions`(one: Case) throws {
        for line in ["0::\(one.path)\n", "12:cpu,cpuacct:\(one.path)\n1:name=systemd:\(one.path)\n"] {
            let found = try #require(try ContainerReference.find(inGroups: Array(line.utf8)))
            #expect(found.containerID == Self.id)
            #expect(found.podUID == one.pod)
            #expect(one.path.hasPrefix(found.group))
        }
    }

    @Test(arguments: [
        "/", "/user.slice/user-1000.slice", "/docker/short", "/docker/\(id)0", "/docker/\(id.uppercased())",
        "/kubepods/burstable/pod\(pod)", "/x:other:\(id)", "/cri-containerd:\(id)", "/x:cri-containerd:\(id):y",
        "/system.slice/docker-\(id).service",
    ])
    func `other groups name no container`(path: String) throws {
        #expect(try ContainerReference.find(inGroups: Array("0::\(path)\n".utf8)) == nil)
    }

    @Test func `the outermost container counts`() throws {
        let found = try ContainerReference.find(inGroups: Array("0::/docker/\(Self.id)/docker/\(Self.inner)\n".utf8))
        #expect(found?.containerID == Self.id)
        #expect(found?.group == "/docker/\(Self.id)")
    }

    @Test func `hierarchies that disagree are refused`() {
        let text = "2:cpu:/docker/\(Self.id)\n1:memory:/docker/\(Self.inner)\n"
        #expect(throws: ContainerReference.Fault.ambiguous) {
            try ContainerReference.find(inGroups: Array(text.utf8))
        }
        let other = "7bd48ac5-6f2f-4d62-9a1d-3b1b0f5a7c11"
        let pods = "2:cpu:/kubepods/pod\(Self.pod)/\(Self.id)\n1:memory:/kubepods/pod\(other)/\(Self.id)\n"
        #expect(throws: ContainerReference.Fault.ambiguous) {
            try ContainerReference.find(inGroups: Array(pods.utf8))
        }
    }

    @Test func `a pod that only one hierarchy names is taken`() throws {
        let text = "2:cpu:/docker/\(Self.id)\n1:memory:/kubepods/pod\(Self.pod)/\(Self.id)\n"
        #expect(try ContainerReference.find(inGroups: Array(text.utf8))?.podUID == Self.pod)
    }

    @Test(arguments: ["0:/docker\n", "nonsense\n", "0::relative\n"])
    func `lines of another form are refused`(text: String) {
        #expect(throws: ContainerReference.Fault.malformed) {
            try ContainerReference.find(inGroups: Array(text.utf8))
        }
    }

    @Test func `long files are refused`() {
        let lines = Array(repeating: "0::/\n", count: 8194).joined()
        #expect(throws: ContainerReference.Fault.tooLong) {
            try ContainerReference.find(inGroups: Array(lines.utf8))
        }
        #expect(throws: ContainerReference.Fault.tooLong) {
            try ContainerReference.find(inGroups: [UInt8](repeating: 0x61, count: (1 << 20) + 1))
        }
    }

    @Test(
        arguments: [
            ("/kubepods/burstable/pod\(pod)/\(id)", true), ("/kubepods.slice/\(podSlice)/crio-\(id).scope", true),
            ("/../../kubepods-besteffort.slice/pod\(pod)/\(id)", true), ("/../pod\(pod)/\(id)/any/name", true),
            ("/user.slice/user-1000.slice/kubepods/pod\(pod)/\(id)", false),
            ("/system.slice/site.service/kubepods/burstable/pod\(pod)/\(id)", false),
            ("/../../lxc.payload.guest/kubepods/pod\(pod)/\(id)", false), ("/kubepods-mine/pod\(pod)/\(id)", false),
        ] as [(String, Bool)])
    func `a pod below anything but the kubelet's groups is told apart`(path: String, isOfKubelet: Bool) throws {
        let found = try #require(try ContainerReference.find(inGroups: Array("0::\(path)\n".utf8)))
        #expect(found.podUID == Self.pod)
        #expect(found.isOfKubelet == isOfKubelet)
    }

    @Test func `no input crashes`() {
        var generator = SeededGenerator(state: 20_260_801)
        let pieces = [
            "docker", "-", "/", ":", "\n", " ", Self.id, "pod", Self.pod, ".scope", "kubepods-", "é", "cgroup2",
        ]
        for _ in 0..<2000 {
            let text = (0..<12).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            _ = try? ContainerReference.find(inGroups: Array(text.utf8))
        }
    }
}
