// SPDX-License-Identifier: Apache-2.0

public import KERI
public import KelmarkBytes

/// Why edges can't be read.
public struct EdgeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// An edge or a group that is no map, or whose members have wrong values.
        case malformed = "edge-malformed"
        /// An operator that is not known, or that does not belong where it stands.
        case unknownOperator = "edge-unknown-operator"
        /// More edges than are looked at.
        case tooMany = "edge-too-many"
    }

    /// What is wrong.
    public let code: Code
    /// The labels that lead there, from the section on, as they are shown to people.
    public let path: String

    /// The text form.
    public var description: String { "\(code.rawValue) at \(path)" }
}

/// A credential that another one builds upon.
public struct CredentialEdge: Hashable, Sendable {
    /// The labels that lead to it, from the section on, as they are shown to people.
    public let path: String
    /// The far credential (`n`).
    public let node: SAID
    /// Whether ``node`` may also be the digest of an edge that is not shown: an edge that stands as a mere digest does
    /// not say which of the two it is. A known credential with this digest settles it.
    public let mayBeUndisclosed: Bool
    /// The schema that the far credential has to have (`s`).
    public let schema: SAID?
    /// What is demanded of the near issuer, nil when the edge does not say: ``IssuerOperator/issuerToIssuee`` then if the
    /// far credential is targeted.
    public let issuer: IssuerOperator?
    /// Whether the far credential has to be invalid (`NOT`).
    public let isInverted: Bool
    /// The weight (`w`) as it is written, nil without one.
    public let weight: OrderedValue?
    /// Everything else that it tells.
    public let properties: OrderedMap
}

/// Edges that are put together by an operator.
public struct EdgeGroup: Hashable, Sendable {
    /// A member of a group.
    public indirect enum Member: Hashable, Sendable {
        case edge(CredentialEdge)
        case group(EdgeGroup)
    }

    /// The labels that lead to it, from the section on, as they are shown to people.
    public let path: String
    /// How the members are put together (`o`).
    public let `operator`: GroupOperator
    /// The weight (`w`) as it is written, nil without one.
    public let weight: OrderedValue?
    /// The members in order.
    public let members: [Member]

    /// All edges in it and in its groups.
    public var edges: [CredentialEdge] {
        members.flatMap { member in
            switch member {
            case .edge(let edge): [edge]
            case .group(let group): group.edges
            }
        }
    }

    /// The average of a property of the members, weighted by `w` for ``GroupOperator/weightedAverage``: an edge has it as
    /// a property, a group as its own average. Which property it is, the schema or the ecosystem says.
    ///
    /// - Returns: nil when a member lacks the property or its weight, or the weights do not add up to something.
    public func average(of property: String) -> Double? {
        guard !members.isEmpty else { return nil }
        var sum = 0.0
        var total = 0.0
        for member in members {
            let (value, weight): (Double?, OrderedValue?) =
                switch member {
                case .edge(let edge): (edge.properties[property].flatMap(Self.number), edge.weight)
                case .group(let group): (group.average(of: property), group.weight)
                }
            let factor = `operator` == .weightedAverage ? weight.flatMap(Self.number) : 1
            guard let value, let factor, factor >= 0 else { return nil }
            sum += value * factor
            total += factor
        }
        guard total > 0, (sum / total).isFinite else { return nil }
        return sum / total
    }

    private static func number(_ value: OrderedValue) -> Double? {
        if let number = value.doubleValue { return number }
        guard let text = value.textValue, text.utf8.count <= 40, let number = Double(text), number.isFinite else {
            return nil
        }
        return number
    }
}

/// The edges of a credential, read from its section `e` (facts 13.6).
public struct EdgeTree: Hashable, Sendable {
    /// The section.
    public let root: EdgeGroup
    /// Most edges and groups that are read.
    public static let mostMembers = 256

    /// Reads the edges that a credential shows; nil without the section or when only its digest is shown.
    /// - Throws: ``EdgeError``.
    public init?(of credential: Credential) throws(EdgeError) {
        guard case .block(_, let range)? = credential.edges else { return nil }
        let section: OrderedValue
        do throws(DocumentError) {
            section = try OrderedValue(parsing: credential.bytes.span.extracting(range), format: credential.format)
        } catch { throw EdgeError(code: .malformed, path: "e") }
        try self.init(section)
    }

    /// Reads a section: a group, or a list of groups as keripy knows it, which must all hold.
    /// - Throws: ``EdgeError``.
    public init(_ section: OrderedValue) throws(EdgeError) {
        var reader = EdgeReader()
        switch section {
        case .map(let map): root = try reader.group(map, at: "e")
        case .list(let list):
            var members: [EdgeGroup.Member] = []
            for (place, element) in list.enumerated() {
                guard case .map(let map) = element else { throw EdgeError(code: .malformed, path: "e/\(place)") }
                members.append(try reader.member(map, at: "e/\(place)"))
            }
            root = EdgeGroup(path: "e", operator: .and, weight: nil, members: members)
        default: throw EdgeError(code: .malformed, path: "e")
        }
    }
}

/// Reads edges and counts them. The recursion is as deep as the document, whose depth its scan has bounded.
private struct EdgeReader {
    private var members = 0

    mutating func group(_ map: OrderedMap, at path: String) throws(EdgeError) -> EdgeGroup {
        guard map["n"] == nil else { throw EdgeError(code: .malformed, path: path) }
        var found: [EdgeGroup.Member] = []
        for member in map.members where !["d", "u", "o", "w"].contains(member.label) {
            let path = "\(path)/\(ShownText.label(member.label))"
            switch member.value {
            case .map(let map): found.append(try self.member(map, at: path))
            case .text(let text):
                guard let said = SAID(text) else { throw EdgeError(code: .malformed, path: path) }
                try count(path)
                found.append(
                    .edge(
                        CredentialEdge(
                            path: path, node: said, mayBeUndisclosed: true, schema: nil, issuer: nil,
                            isInverted: false, weight: nil, properties: [:])))
            default: throw EdgeError(code: .malformed, path: path)
            }
        }
        var kind = GroupOperator.and
        if let value = map["o"] {
            guard case .text(let text) = value else { throw EdgeError(code: .unknownOperator, path: path) }
            if !text.isEmpty {
                guard let named = GroupOperator(rawValue: text) else {
                    throw EdgeError(code: .unknownOperator, path: path)
                }
                kind = named
            }
        }
        return EdgeGroup(path: path, operator: kind, weight: map["w"], members: found)
    }

    /// An edge has a node, a group has none.
    mutating func member(_ map: OrderedMap, at path: String) throws(EdgeError) -> EdgeGroup.Member {
        try count(path)
        guard let node = map["n"] else { return .group(try group(map, at: path)) }
        guard case .text(let text) = node, let said = SAID(text) else {
            throw EdgeError(code: .malformed, path: path)
        }
        var schema: SAID?
        if let value = map["s"] {
            guard case .text(let text) = value, let named = SAID(text) else {
                throw EdgeError(code: .malformed, path: path)
            }
            schema = named
        }
        let (issuer, isInverted) = try operators(map["o"], at: path)
        var properties = map
        for label in ["d", "u", "n", "s", "o", "w"] { properties[label] = nil }
        return .edge(
            CredentialEdge(
                path: path, node: said, mayBeUndisclosed: false, schema: schema, issuer: issuer,
                isInverted: isInverted, weight: map["w"], properties: properties))
    }

    /// One operator or a list of them. Whoever says a thing twice, or two things of the issuer, is asked what is meant.
    private func operators(
        _ value: OrderedValue?, at path: String
    ) throws(EdgeError) -> (issuer: IssuerOperator?, isInverted: Bool) {
        var names: [OrderedValue] = []
        switch value {
        case nil: break
        case .list(let list)?: names = list
        case let single?: names = single == "" ? [] : [single]
        }
        var issuer: IssuerOperator?
        var isInverted = false
        for name in names {
            guard case .text(let text) = name else { throw EdgeError(code: .unknownOperator, path: path) }
            if text == "NOT" {
                guard !isInverted else { throw EdgeError(code: .malformed, path: path) }
                isInverted = true
            } else if let named = IssuerOperator(rawValue: text) {
                guard issuer == nil else { throw EdgeError(code: .malformed, path: path) }
                issuer = named
            } else {
                throw EdgeError(code: .unknownOperator, path: path)
            }
        }
        return (issuer, isInverted)
    }

    private mutating func count(_ path: String) throws(EdgeError) {
        members += 1
        guard members <= EdgeTree.mostMembers else { throw EdgeError(code: .tooMany, path: path) }
    }
}

/// Text of strangers, made fit to be shown.
enum ShownText {
    /// At most 40 characters of a label; whatever is no visible ASCII, or would look like a separator, becomes `?`.
    static func label(_ label: String) -> String {
        var shown = ""
        for scalar in label.unicodeScalars.prefix(40) {
            shown.unicodeScalars.append((0x21...0x7e).contains(scalar.value) && scalar != "/" ? scalar : "?")
        }
        return label.unicodeScalars.count > 40 ? shown + "…" : shown
    }
}
