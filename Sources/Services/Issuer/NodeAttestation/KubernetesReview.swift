// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// Sends requests to the API server of one Kubernetes cluster over TLS, as somebody who may; composition fills it.
public protocol KubernetesTransport: Sendable {
    /// Sends a request and reads the answer, at most 4 MiB, within some seconds. Follows no redirect.
    /// - Parameter body: JSON; nil for GET.
    func send(method: String, path: String, body: [UInt8]?) async throws -> (status: Int, body: [UInt8])
}

/// What a cluster says of a token of a service account, of a pod, of a node.
struct KubernetesReview: Sendable {
    /// Largest answer that is read.
    static let largestAnswer = 4 << 20

    struct Token: Hashable, Sendable {
        let namespace: String
        let serviceAccount: String
        let podName: String
        let podUID: String
    }

    struct Pod: Hashable, Sendable {
        let uid: String
        let node: String
        let hostIP: String
        let labels: [String: String]
    }

    struct Node: Hashable, Sendable {
        let uid: String
        let labels: [String: String]
    }

    let transport: any KubernetesTransport

    /// Asks the cluster whose token it is.
    /// - Parameter audiences: for whom it must be; empty for the API server itself.
    func token(_ token: String, audiences: [String]) async throws(IssuerError) -> Token {
        var spec: OrderedMap = ["token": .text(token)]
        if !audiences.isEmpty { spec["audiences"] = .list(audiences.map(OrderedValue.text)) }
        let request: OrderedValue = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": .map(spec),
        ]
        let answer = try await send(
            "POST", "/apis/authentication.k8s.io/v1/tokenreviews", try AttestationJSON.write(request))
        let status = answer["status"]
        guard status?["authenticated"]?.booleanValue == true, status?["error"]?.textValue ?? "" == "" else {
            throw IssuerError(.permissionDenied, "token review API: token is not authenticated")
        }
        if !audiences.isEmpty {
            // A server that knows nothing of audiences answers without them: its yes is for another question.
            let granted = (status?["audiences"]?.listValue ?? []).compactMap(\.textValue)
            guard granted.contains(where: audiences.contains) else {
                throw IssuerError(.permissionDenied, "token review API: token is for another audience")
            }
        }
        let user = status?["user"]
        let name = (user?["username"]?.textValue ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard name.count == 4, name[0] == "system", name[1] == "serviceaccount", !name[2].isEmpty, !name[3].isEmpty
        else { throw IssuerError(.permissionDenied, "token review API: the user is no service account") }
        func extra(_ label: String) throws(IssuerError) -> String {
            guard let values = user?["extra"]?["authentication.kubernetes.io/\(label)"]?.listValue, values.count == 1,
                let value = values[0].textValue, !value.isEmpty
            else { throw IssuerError(.permissionDenied, "token review API: the token is bound to no pod") }
            return value
        }
        return Token(
            namespace: String(name[2]), serviceAccount: String(name[3]), podName: try extra("pod-name"),
            podUID: try extra("pod-uid"))
    }

    func pod(_ name: String, in namespace: String) async throws(IssuerError) -> Pod {
        let answer = try await send(
            "GET", "/api/v1/namespaces/\(try Self.segment(namespace))/pods/\(try Self.segment(name))", nil)
        guard let uid = answer["metadata"]?["uid"]?.textValue, !uid.isEmpty,
            let node = answer["spec"]?["nodeName"]?.textValue, !node.isEmpty
        else { throw Self.unreadable("the pod has no UID or no node") }
        return Pod(
            uid: uid, node: node, hostIP: answer["status"]?["hostIP"]?.textValue ?? "", labels: Self.labels(answer))
    }

    func node(_ name: String) async throws(IssuerError) -> Node {
        let answer = try await send("GET", "/api/v1/nodes/\(try Self.segment(name))", nil)
        guard let uid = answer["metadata"]?["uid"]?.textValue, !uid.isEmpty else {
            throw Self.unreadable("the node has no UID")
        }
        return Node(uid: uid, labels: Self.labels(answer))
    }

    private func send(_ method: String, _ path: String, _ body: [UInt8]?) async throws(IssuerError) -> OrderedValue {
        let answer: (status: Int, body: [UInt8])
        do {
            answer = try await transport.send(method: method, path: path, body: body)
        } catch {
            throw IssuerError(.unavailable, "the Kubernetes API can't be asked", cause: error)
        }
        guard (200...201).contains(answer.status) else {
            throw IssuerError(
                .unavailable, "the Kubernetes API can't be asked", detail: "\(method) \(path): status \(answer.status)")
        }
        let content = answer.body
        guard content.count <= Self.largestAnswer else { throw Self.unreadable("the answer is too large") }
        do {
            return try OrderedValue(
                parsingJSON: content.span, strictness: .interoperable,
                limits: Limits(bodyBytes: Self.largestAnswer))
        } catch {
            throw Self.unreadable("\(error)")
        }
    }

    private static func labels(_ object: OrderedValue) -> [String: String] {
        var labels: [String: String] = [:]
        for member in object["metadata"]?["labels"]?.mapValue?.members ?? [] {
            if let text = member.value.textValue { labels[member.label] = text }
        }
        return labels
    }

    /// A name as a part of a path; names of Kubernetes need no escapes.
    private static func segment(_ name: String) throws(IssuerError) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isPlain, (1...253).contains(name.utf8.count), name != ".", name != ".." else {
            throw unreadable("a name has characters of no name")
        }
        return name
    }

    private static func unreadable(_ detail: String) -> IssuerError {
        IssuerError(.unavailable, "the Kubernetes API answered something else", detail: detail)
    }
}
