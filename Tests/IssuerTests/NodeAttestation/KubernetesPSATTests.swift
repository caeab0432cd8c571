// SPDX-License-Identifier: Apache-2.0

import Issuer
import SPIFFE
import Synchronization
import Testing

/// A cluster that answers what a test wrote down.
private final class ScriptedCluster: KubernetesTransport {
    let asked = Mutex<[String]>([])
    let answers: [String: (Int, String)]

    init(_ answers: [String: (Int, String)]) { self.answers = answers }

    func send(method: String, path: String, body: [UInt8]?) async throws -> (status: Int, body: [UInt8]) {
        asked.withLock { $0.append("\(method) \(path) \(String(decoding: body ?? [], as: UTF8.self))") }
        guard let (status, text) = answers[path] else { throw CancellationError() }
        return (status, Array(text.utf8))
    }
}

struct KubernetesPSATTests {
    static let review = "/apis/authentication.k8s.io/v1/tokenreviews"
    static let pod = "/api/v1/namespaces/prod/pods/agent-1"
    static let node = "/api/v1/nodes/n1.example.org"
    static let payload = Array("{\"cluster\":\"main\",\"token\":\"t\"}".utf8)

    static let good: [String: (Int, String)] = [
        review: (
            201,
            """
            {"kind":"TokenReview","status":{"authenticated":true,"audiences":["spire-server"],"user":{
            "username":"system:serviceaccount:prod:spire-agent","groups":["x"],"extra":{
            "authentication.kubernetes.io/pod-name":["agent-1"],"authentication.kubernetes.io/pod-uid":["u-1"]}}}}
            """
        ),
        pod: (
            200,
            """
            {"metadata":{"uid":"u-1","labels":{"app":"agent","secret":"x"}},"spec":{"nodeName":"n1.example.org"},
            "status":{"hostIP":"192.0.2.7"}}
            """
        ),
        node: (200, "{\"metadata\":{\"uid\":\"node-uid\",\"labels\":{\"zone\":\"a\",\"other\":\"b\"}}}"),
    ]

    private static func attest(
        _ answers: [String: (Int, String)], payload: [UInt8] = payload, accounts: Set<String> = ["prod:spire-agent"],
        audiences: [String] = ["spire-server"]
    ) async throws(IssuerError) -> (AttestedNode, [String]) {
        let cluster = ScriptedCluster(answers)
        let attestor = KubernetesPSATAttestor(
            trustDomain: .example,
            clusters: [
                "main": .init(
                    serviceAccounts: accounts, audiences: audiences, nodeLabels: ["zone"], podLabels: ["app"],
                    transport: cluster)
            ])
        guard case .attested(let node) = try await attestor.attest(payload, from: nil) else {
            throw IssuerError(.internal, "a challenge")
        }
        return (node, cluster.asked.withLock { $0 })
    }

    @Test func attests() async throws {
        let (node, asked) = try await Self.attest(Self.good)
        #expect(node.id == .example("/spire/agent/k8s_psat/main/node-uid") && node.canReattest)
        #expect(
            node.selectors
                == .of(
                    "k8s_psat:cluster:main", "k8s_psat:agent_ns:prod", "k8s_psat:agent_sa:spire-agent",
                    "k8s_psat:agent_pod_name:agent-1", "k8s_psat:agent_pod_uid:u-1",
                    "k8s_psat:agent_node_name:n1.example.org", "k8s_psat:agent_node_uid:node-uid",
                    "k8s_psat:agent_node_ip:192.0.2.7", "k8s_psat:agent_node_label:zone:a",
                    "k8s_psat:agent_pod_label:app:agent"))
        #expect(
            asked == [
                "POST \(Self.review) {\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\","
                    + "\"spec\":{\"token\":\"t\",\"audiences\":[\"spire-server\"]}}",
                "GET \(Self.pod) ", "GET \(Self.node) ",
            ])
    }

    @Test func asksForNoAudienceWhereNoneIsSet() async throws {
        var answers = Self.good
        answers[Self.review]?.1.replace("\"audiences\":[\"spire-server\"],", with: "")
        let (_, asked) = try await Self.attest(answers, audiences: [])
        #expect(asked[0].hasSuffix("\"spec\":{\"token\":\"t\"}}"))
    }

    struct Wrong: CustomTestStringConvertible {
        let testDescription: String
        let code: IssuerError.Code
        var path = ""
        var old = ""
        var new = ""
        var status: Int?
        var payload = KubernetesPSATTests.payload
        var accounts: Set<String> = ["prod:spire-agent"]
    }

    static let wrong: [Wrong] = [
        Wrong(testDescription: "no token", code: .invalidArgument, payload: Array("{\"cluster\":\"main\"}".utf8)),
        Wrong(testDescription: "no cluster", code: .invalidArgument, payload: Array("{\"token\":\"t\"}".utf8)),
        Wrong(
            testDescription: "unknown cluster", code: .invalidArgument,
            payload: Array("{\"cluster\":\"x\",\"token\":\"t\"}".utf8)),
        Wrong(
            testDescription: "other account", code: .permissionDenied, accounts: ["prod:other", "other:spire-agent"]),
        Wrong(testDescription: "not authenticated", code: .permissionDenied, path: review, old: "true", new: "false"),
        Wrong(
            testDescription: "with an error", code: .permissionDenied, path: review, old: "\"authenticated\":true",
            new: "\"authenticated\":true,\"error\":\"x\""),
        Wrong(
            testDescription: "other audience", code: .permissionDenied, path: review, old: "[\"spire-server\"]",
            new: "[\"x\"]"),
        Wrong(
            testDescription: "audience left out", code: .permissionDenied, path: review,
            old: "\"audiences\":[\"spire-server\"],", new: ""),
        Wrong(
            testDescription: "a user", code: .permissionDenied, path: review, old: "system:serviceaccount:", new: "a:b:"
        ),
        Wrong(
            testDescription: "a longer name", code: .permissionDenied, path: review, old: "prod:spire-agent",
            new: "prod:a:b"),
        Wrong(testDescription: "no pod", code: .permissionDenied, path: review, old: "pod-name", new: "x"),
        Wrong(testDescription: "a path as a pod", code: .unavailable, path: review, old: "agent-1", new: "a/../b"),
        Wrong(testDescription: "another pod", code: .permissionDenied, path: pod, old: "u-1", new: "u-2"),
        Wrong(testDescription: "no node", code: .unavailable, path: pod, old: "nodeName", new: "x"),
        Wrong(testDescription: "no UID of the node", code: .unavailable, path: node, old: "uid", new: "x"),
        Wrong(
            testDescription: "a UID that is no segment", code: .permissionDenied, path: node, old: "node-uid",
            new: "a/../b"),
        Wrong(testDescription: "no review", code: .unavailable, path: review, status: 403),
        Wrong(testDescription: "no pod answer", code: .unavailable, path: pod, status: 404),
        Wrong(
            testDescription: "a large answer", code: .unavailable, path: node, old: "{\"metadata\"",
            new: String(repeating: " ", count: 4 << 20) + "{\"metadata\""),
        Wrong(testDescription: "no JSON", code: .unavailable, path: node, old: "{", new: "<"),
    ]

    @Test(arguments: wrong)
    func refuses(_ wrong: Wrong) async throws {
        var answers = Self.good
        answers[wrong.path]?.1.replace(wrong.old, with: wrong.new)
        if let status = wrong.status { answers[wrong.path]?.0 = status }
        let given = answers
        let error = await #expect(throws: IssuerError.self) {
            _ = try await Self.attest(given, payload: wrong.payload, accounts: wrong.accounts)
        }
        #expect(error?.code == wrong.code)
    }

    @Test func refusesSilence() async throws {
        let error = await #expect(throws: IssuerError.self) { _ = try await Self.attest([:]) }
        #expect(error == IssuerError(.unavailable, "the Kubernetes API can't be asked"))
    }
}
