// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes
internal import SPIFFE

/// One pod with the container in it that a process runs in, as the kubelet lists them.
struct KubernetesPod: Sendable {
    let pod: OrderedValue
    /// Name and images of the container; images are what the pod asks for and what was found for it.
    let container: OrderedValue

    /// Looks for a container in the kubelet's list; nil when it is not there (yet).
    /// - Throws: ``AttestorError`` when the list is not understood.
    static func find(_ reference: ContainerReference, in list: [UInt8]) throws -> KubernetesPod? {
        let limits = Limits(
            bodyBytes: KubernetesAttestor.largestAnswer, nestingDepth: 64, documentValues: 4 << 20)
        guard list.count <= limits.bodyBytes,
            let value = try? OrderedValue(parsingJSON: list.span, strictness: .interoperable, limits: limits),
            let items = value["items"]?.listValue
        else { throw AttestorError("the kubelet's answer is not understood") }
        for pod in items where isPod(pod, reference.podUID) {
            for kind in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
                for status in pod.value(at: "status", kind)?.listValue ?? [] {
                    guard let text = status["containerID"]?.textValue else { continue }
                    // docker://ID, containerd://ID, cri-o://ID
                    guard text.hasSuffix("://\(reference.containerID)") else { continue }
                    return KubernetesPod(pod: pod, container: status)
                }
            }
        }
        return nil
    }

    /// Whether it is the pod of the control group. A pod from a file on the node has another uid in the API server's
    /// copy; the control group has the hash of the file.
    private static func isPod(_ pod: OrderedValue, _ uid: String?) -> Bool {
        guard let uid else { return false }
        if pod.value(at: "metadata", "uid")?.textValue == uid { return true }
        let annotations = pod.value(at: "metadata", "annotations")
        return annotations?["kubernetes.io/config.hash"]?.textValue == uid
    }

    /// What entries can name.
    func selectors(type: String) -> Set<Selector> {
        var values: [String] = []
        func add(_ name: String, _ value: OrderedValue?) {
            if let text = value?.textValue, !text.isEmpty { values.append("\(name):\(text)") }
        }
        add("ns", pod.value(at: "metadata", "namespace"))
        add("pod-name", pod.value(at: "metadata", "name"))
        add("pod-uid", pod.value(at: "metadata", "uid"))
        add("sa", pod.value(at: "spec", "serviceAccountName"))
        add("node-name", pod.value(at: "spec", "nodeName"))
        add("container-name", container["name"])
        add("container-image", container["image"])
        add("container-image", container["imageID"])
        for label in pod.value(at: "metadata", "labels")?.mapValue?.members ?? [] {
            add("pod-label:\(label.label)", label.value)
        }
        for owner in pod.value(at: "metadata", "ownerReferences")?.listValue ?? [] {
            guard let kind = owner["kind"]?.textValue else { continue }
            add("pod-owner:\(kind)", owner["name"])
            add("pod-owner-uid:\(kind)", owner["uid"])
        }
        for (name, kind) in [("pod-image", "containerStatuses"), ("pod-init-image", "initContainerStatuses")] {
            let statuses = pod.value(at: "status", kind)?.listValue ?? []
            values.append("\(name)-count:\(statuses.count)")
            for status in statuses {
                add(name, status["image"])
                add(name, status["imageID"])
            }
        }
        // A value that is longer than a selector may be is left out: no entry can name it.
        return Set(values.compactMap { try? Selector(type: type, value: $0) })
    }
}
