// SPDX-License-Identifier: Apache-2.0

import ACDC
import KERI
import KelmarkBytes
import Testing

@Suite("Edges, read")
struct EdgeTreeTests {
    static let far: OrderedValue = .text(CredentialParserTests.registry.text)
    static let schema: OrderedValue = .text(CredentialParserTests.schema.text)

    static func fault(_ section: OrderedValue) -> String? {
        do throws(EdgeError) {
            _ = try EdgeTree(section)
            return nil
        } catch { return error.description }
    }

    @Test("an edge with everything")
    func full() throws {
        let tree = try EdgeTree([
            "d": Self.schema, "u": "x", "o": "OR", "w": 1,
            "boss": [
                "d": Self.far, "u": "x", "n": Self.far, "s": Self.schema, "o": ["NOT", "DI2I"], "w": "0.5",
                "p": 7,
            ],
            "short": Self.far,
            "group": ["o": "", "inner": ["n": Self.far, "o": "NI2I"], "other": ["n": Self.far, "o": ""]],
        ])
        #expect(tree.root.operator == .or)
        #expect(tree.root.weight == 1)
        let edges = tree.root.edges
        #expect(edges.map(\.path) == ["e/boss", "e/short", "e/group/inner", "e/group/other"])
        #expect(edges.allSatisfy { $0.node.text == Self.far.textValue })
        #expect(edges.map(\.issuer) == [.delegatedIssuerToIssuee, nil, .notIssuerToIssuee, nil])
        #expect(edges.map(\.isInverted) == [true, false, false, false])
        #expect(edges.map(\.mayBeUndisclosed) == [false, true, false, false])
        #expect(edges[0].schema?.text == Self.schema.textValue)
        #expect(edges[0].weight == "0.5")
        #expect(edges[0].properties == ["p": 7])
        guard case .group(let group) = tree.root.members[2] else {
            Issue.record("no group")
            return
        }
        #expect(group.operator == .and)
    }

    @Test("the list form of keripy")
    func list() throws {
        let tree = try EdgeTree([["boss": ["n": Self.far]], ["n": Self.far, "o": "NI2I"]])
        #expect(tree.root.operator == .and)
        #expect(tree.root.edges.map(\.path) == ["e/0/boss", "e/1"])
    }

    @Test("what is malformed or unknown is refused")
    func faults() {
        #expect(Self.fault("x") == "edge-malformed at e")
        #expect(Self.fault(["x"]) == "edge-malformed at e/0")
        #expect(Self.fault(["n": Self.far]) == "edge-malformed at e")
        #expect(Self.fault(["boss": 3]) == "edge-malformed at e/boss")
        #expect(Self.fault(["boss": "x"]) == "edge-malformed at e/boss")
        #expect(Self.fault(["boss": ["n": 3]]) == "edge-malformed at e/boss")
        #expect(Self.fault(["boss": ["n": "x"]]) == "edge-malformed at e/boss")
        #expect(Self.fault(["boss": ["n": Self.far, "s": "x"]]) == "edge-malformed at e/boss")
        #expect(Self.fault(["boss": ["n": Self.far, "s": 3]]) == "edge-malformed at e/boss")
        #expect(Self.fault(["boss": ["n": Self.far, "o": ["I2I", "NOT", "DI2I"]]]) == "edge-malformed at e/boss")
        #expect(Self.fault(["boss": ["n": Self.far, "o": ["I2I", "I2I"]]]) == "edge-malformed at e/boss")
        #expect(Self.fault(["boss": ["n": Self.far, "o": ["NOT", "NOT"]]]) == "edge-malformed at e/boss")
        #expect(Self.fault(["boss": ["n": Self.far, "o": "AND"]]) == "edge-unknown-operator at e/boss")
        #expect(Self.fault(["boss": ["n": Self.far, "o": ["I2I", "x"]]]) == "edge-unknown-operator at e/boss")
        #expect(Self.fault(["boss": ["n": Self.far, "o": [3]]]) == "edge-unknown-operator at e/boss")
        #expect(Self.fault(["boss": ["n": Self.far, "o": 3]]) == "edge-unknown-operator at e/boss")
        #expect(Self.fault(["o": "I2I", "boss": Self.far]) == "edge-unknown-operator at e")
        #expect(Self.fault(["o": ["AND"], "boss": Self.far]) == "edge-unknown-operator at e")
        #expect(Self.fault(["g": ["o": "XOR", "boss": Self.far]]) == "edge-unknown-operator at e/g")
    }

    @Test("edges are counted")
    func bound() {
        func edges(_ count: Int) -> OrderedValue {
            .map(OrderedMap(members: (0..<count).map { .init(label: "x\($0)", value: Self.far) })!)
        }
        #expect(Self.fault(edges(256)) == nil)
        #expect(Self.fault(edges(257))?.hasPrefix("edge-too-many") == true)
        #expect(Self.fault(["a": edges(128), "b": edges(128)])?.hasPrefix("edge-too-many") == true)
    }

    @Test("labels of strangers are shown as plain text")
    func labels() throws {
        let tree = try EdgeTree(["a/\u{1b}[31m\u{202e}é": Self.far, .init(repeating: "x", count: 60): Self.far])
        #expect(tree.root.edges[0].path == "e/a??[31m??")
        #expect(tree.root.edges[1].path == "e/\(String(repeating: "x", count: 40))…")
    }

    @Test("averages are computed")
    func averages() throws {
        func average(_ section: OrderedValue) throws -> Double? { try EdgeTree(section).root.average(of: "p") }
        func edge(_ p: OrderedValue, _ w: OrderedValue? = nil) -> OrderedValue {
            var edge: OrderedValue = ["n": Self.far, "p": p]
            if let w {
                guard case .map(var map) = edge else { return edge }
                map["w"] = w
                edge = .map(map)
            }
            return edge
        }
        #expect(try average(["o": "AVG", "x": edge(1), "y": edge(4)]) == 2.5)
        #expect(try average(["o": "WAVG", "x": edge(1, 3), "y": edge("4", .float("1.0"))]) == 1.75)
        #expect(try average(["o": "WAVG", "x": edge(1, 3), "g": ["o": "AVG", "w": 1, "y": edge(5)]]) == 2)
        #expect(try average(["o": "WAVG", "x": edge(1, 3), "y": edge(4)]) == nil)
        #expect(try average(["o": "WAVG", "x": edge(1, 0)]) == nil)
        #expect(try average(["o": "WAVG", "x": edge(1, 2), "y": edge(1, .integer("-1"))]) == nil)
        #expect(try average(["o": "AVG", "x": edge("nan")]) == nil)
        #expect(try average(["o": "AVG", "x": edge("x")]) == nil)
        #expect(try average(["o": "AVG", "x": Self.far]) == nil)
        #expect(try average(["o": "AVG"]) == nil)
    }

    @Test("edges of a credential, in every format", arguments: DocumentFormat.allCases)
    func credentials(format: DocumentFormat) throws {
        var draft = CredentialBuilderTests.draft()
        #expect(try EdgeTree(of: CredentialBuilder.credential(draft, format: format)) == nil)
        draft.edges = ["boss": ["n": Self.far, "o": "NI2I"]]
        let credential = try CredentialBuilder.credential(draft, addressing: .mostCompact, format: format)
        #expect(try EdgeTree(of: credential)?.root.edges.first?.issuer == .notIssuerToIssuee)
        #expect(try EdgeTree(of: credential.compact().credential) == nil)
    }
}
