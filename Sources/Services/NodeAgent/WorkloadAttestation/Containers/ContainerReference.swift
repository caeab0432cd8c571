// SPDX-License-Identifier: Apache-2.0

/// Which container a process runs in, read from what the kernel says about its control groups.
///
/// Names of control groups are only a hint where somebody else than the container runtime may make some, a user with a
/// delegated subtree for instance. So the outermost match counts, never one below it, and ``group`` lets an attestor
/// compare with the container's own first process. What the process has mounted is not asked: in a user namespace of
/// its own, any user's process may mount the control group of somebody else's container. Facts (SPIFFE) 20.5.
package struct ContainerReference: Hashable, Sendable {
    /// 64 hexadecimal digits.
    package let containerID: String
    /// The pod, where Kubernetes runs it; lower case, with hyphens.
    package let podUID: String?
    /// The path of the container's control group, up to the part that names it.
    package let group: String

    /// Whether nothing but groups of the kubelet stands above the pod's. Elsewhere users, services with a subtree of their
    /// own and guests of other systems may make control groups of any name.
    let isOfKubelet: Bool

    /// Why it can't be told.
    package enum Fault: String, Error, Hashable, Sendable, CaseIterable {
        /// Different hierarchies name different containers.
        case ambiguous = "container-ambiguous"
        /// A line is not what the kernel writes.
        case malformed = "container-malformed"
        /// More lines than a process can have.
        case tooLong = "container-too-long"
    }

    /// Most bytes of the file.
    package static let largestFile = 1 << 20
    /// Most lines of the file that are read.
    static let mostLines = 8192

    /// Reads `/proc/PID/cgroup`; nil when it names no container.
    /// - Throws: ``Fault``.
    package static func find(inGroups bytes: [UInt8]) throws(Fault) -> ContainerReference? {
        var found: ContainerReference?
        for line in try lines(of: bytes) {
            // hierarchy ':' controllers ':' path; the path may hold colons.
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[2].first == UInt8(ascii: "/") else { throw .malformed }
            found = try merge(found, ContainerReference(group: parts[2]))
        }
        return found
    }

    private static func lines(of bytes: [UInt8]) throws(Fault) -> [ArraySlice<UInt8>] {
        guard bytes.count <= largestFile else { throw .tooLong }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: mostLines)
        guard lines.count <= mostLines else { throw .tooLong }
        return lines
    }

    /// What two hierarchies say together. They may differ in where the container's group is, not in which it is.
    private static func merge(
        _ one: ContainerReference?, _ other: ContainerReference?
    ) throws(Fault) -> ContainerReference? {
        guard let one, let other else { return one ?? other }
        guard one.containerID == other.containerID else { throw .ambiguous }
        guard one.podUID == nil || other.podUID == nil || one.podUID == other.podUID else { throw .ambiguous }
        return one.podUID == nil ? other : one
    }

    /// The outermost container that a path names.
    private init?(group path: ArraySlice<UInt8>) {
        var pod: String?
        var isOfKubelet = true
        var end = path.startIndex
        for part in path.split(separator: UInt8(ascii: "/")) {
            end = part.endIndex
            if let id = Self.containerID(in: part) {
                containerID = id
                podUID = pod
                self.isOfKubelet = isOfKubelet
                group = String(decoding: path[..<end], as: UTF8.self)
                return
            }
            if let uid = Self.podUID(in: part) {
                pod = uid
            } else if pod == nil {
                isOfKubelet = isOfKubelet && Self.isOfKubelet(part)
            }
        }
        return nil
    }

    /// `kubepods`, `kubepods.slice`, `kubelet`, a class of service below them, or a step up, which an agent in a control
    /// group namespace of its own sees.
    private static func isOfKubelet(_ part: ArraySlice<UInt8>) -> Bool {
        let name = String(decoding: part, as: UTF8.self)
        return ["kubepods", "kubelet", "burstable", "besteffort", ".."].contains(name)
            || (name.hasPrefix("kubepods") || name.hasPrefix("kubelet")) && name.hasSuffix(".slice")
    }

    /// `ID`, `docker-ID.scope`, `cri-containerd-ID.scope`, `crio-ID.scope`, `libpod-ID.scope` and the like.
    private static func containerID(in part: ArraySlice<UInt8>) -> String? {
        var name = String(decoding: part, as: UTF8.self)
        if name.hasSuffix(".scope") { name.removeLast(6) }
        for prefix in ["docker-", "cri-containerd-", "crio-", "libpod-", "containerd-", "nerdctl-"]
        where name.hasPrefix(prefix) {
            name.removeFirst(prefix.count)
            break
        }
        guard name.utf8.count == 64, name.utf8.allSatisfy(isHexadecimal) else { return nil }
        return name
    }

    /// `podUID`, or `kubepods-QOS-podUID.slice` with underscores for hyphens.
    private static func podUID(in part: ArraySlice<UInt8>) -> String? {
        var name = String(decoding: part, as: UTF8.self)
        if name.hasPrefix("kubepods-") {
            guard name.hasSuffix(".slice") else { return nil }
            name.removeLast(6)
            name = String(name[(name.lastIndex(of: "-").map(name.index(after:)) ?? name.startIndex)...])
        }
        guard name.hasPrefix("pod") else { return nil }
        let uid = String(name.dropFirst(3).map { $0 == "_" ? "-" : $0 })
        let digits = uid.utf8.filter { $0 != UInt8(ascii: "-") }
        // Pods from files on the node have 32 digits without hyphens.
        guard digits.count == 32, digits.allSatisfy(isHexadecimal), uid.utf8.count == 32 || uid.utf8.count == 36 else {
            return nil
        }
        return uid
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

extension ProcessHandle {
    /// The container in which the process runs; nil for none. Reads a file.
    func container() throws -> ContainerReference? {
        try ContainerReference.find(inGroups: try read("cgroup", limit: ContainerReference.largestFile))
    }
}
