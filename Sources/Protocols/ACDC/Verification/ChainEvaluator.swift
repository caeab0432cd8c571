// SPDX-License-Identifier: Apache-2.0

internal import KERI

/// How a credential, an edge or a group stands, as far as the store can tell.
enum ChainStanding {
    /// It holds.
    case holds
    /// It does not, whatever else arrives.
    case broken(CredentialRejection, [CredentialReason])
    /// It can't be told yet; what may change that.
    case unknown(Set<CredentialArrival>, [CredentialReason])
    /// More would have to be looked at than is allowed. Nothing turns that into something that holds.
    case exhausted(CredentialReason)
}

/// Walks from a credential along its edges (facts 13.6) over one view of the store, each credential once.
///
/// A graph has no cycles, for a credential is named by a digest of what names others; depth and width are bounded all the
/// same.
struct ChainEvaluator<View: CredentialView> {
    private let view: View
    private let limits: ChainLimits
    private var known: [SAID: ChainStanding] = [:]
    /// What was looked at, in the order in which it was reached.
    private(set) var visited: [SAID] = []

    init(_ view: View, limits: ChainLimits) {
        self.view = view
        self.limits = limits
    }

    // MARK: Credentials

    /// How an accepted credential stands now.
    mutating func standing(of said: SAID, depth: Int) throws -> ChainStanding {
        if let standing = known[said] { return standing }
        guard depth <= limits.depth,
            visited.count < limits.credentials
        else {
            return .exhausted(CredentialReason(.edgeBroken, said, "the chain is longer than is looked at"))
        }
        visited.append(said)
        let standing = try judge(said, depth: depth)
        known[said] = standing
        return standing
    }

    private mutating func judge(_ said: SAID, depth: Int) throws -> ChainStanding {
        guard let credential = try view.credential(said) else {
            return .unknown(
                [.credential(said)], [CredentialReason(.missingChain, said, "credential \(said) is not here")])
        }
        let registry = try issuance(of: credential)
        guard case .holds = registry else { return registry }
        return try edges(of: credential, depth: depth)
    }

    /// Whether the registry of an accepted credential stands behind it: issued, sealed on the current branch of the
    /// issuer's log, and not revoked.
    private func issuance(of credential: Credential) throws -> ChainStanding {
        let said = credential.said
        guard let registry = credential.registry, let status = try view.status(of: said, in: registry) else {
            return .unknown(
                [.status(said)], [CredentialReason(.missingRegistry, said, "no issuance of \(said) is here")])
        }
        if status.isRevoked {
            return .broken(
                .edgeRevoked,
                [CredentialReason(.edgeRevoked, said, "credential \(said) was revoked, dated \(status.dated)")])
        }
        guard try view.isAnchored(status) else {
            return .unknown(
                [.keyEvents(credential.issuer), .status(said)],
                [
                    CredentialReason(
                        .missingAnchor, said,
                        "the log of \(credential.issuer) no longer seals the issuance of \(said)")
                ])
        }
        return .holds
    }

    private func isRevoked(_ credential: Credential) throws -> Bool {
        guard let registry = credential.registry else { return false }
        return try view.status(of: credential.said, in: registry)?.isRevoked == true
    }

    // MARK: Edges

    /// Whether all that the edges of a credential demand is met.
    mutating func edges(of credential: Credential, depth: Int) throws -> ChainStanding {
        guard let section = credential.edges else { return .holds }
        guard section.isShown else {
            return .unknown(
                [.credential(credential.said)],
                [
                    CredentialReason(
                        .missingChain, credential.said, edge: "e", "this copy does not show the edges")
                ])
        }
        let tree: EdgeTree
        do throws(EdgeError) {
            guard let read = try EdgeTree(of: credential) else { return .holds }
            tree = read
        } catch {
            let code: CredentialRejection = error.code == .unknownOperator ? .unknownOperator : .edgeBroken
            return .broken(
                code,
                [
                    CredentialReason(
                        code, credential.said, edge: error.path, "the edge can't be read: \(error.code.rawValue)")
                ])
        }
        return try group(tree.root, of: credential, depth: depth)
    }

    /// A group with three truths: what is known to be broken counts before what is not known.
    private mutating func group(
        _ group: EdgeGroup, of near: Credential, depth: Int
    ) throws -> ChainStanding {
        var holding = 0
        var broken: (CredentialRejection, [CredentialReason])?
        var misfit: ChainStanding?
        var awaited: Set<CredentialArrival> = []
        var missing: [CredentialReason] = []
        for member in group.members {
            let standing =
                switch member {
                case .edge(let edge): try self.edge(edge, of: near, depth: depth)
                case .group(let inner): try self.group(inner, of: near, depth: depth)
                }
            switch standing {
            case .holds: holding += 1
            case .broken(let code, let reasons):
                if code != .edgeRevoked, misfit == nil { misfit = standing }
                broken = broken.map { ($0.0, Self.some(of: $0.1 + reasons)) } ?? (code, reasons)
            case .unknown(let arrivals, let reasons):
                awaited.formUnion(arrivals)
                missing = Self.some(of: missing + reasons)
            case .exhausted: return standing
            }
        }
        let isUnknown = !missing.isEmpty
        func refused(_ words: String) -> ChainStanding {
            .broken(.edgeBroken, [CredentialReason(.edgeBroken, near.said, edge: group.path, words)])
        }
        switch group.operator {
        case .and, .average, .weightedAverage:
            if let broken { return .broken(broken.0, broken.1) }
            return isUnknown ? .unknown(awaited, missing) : .holds
        case .or:
            if holding > 0 { return .holds }
            if isUnknown { return .unknown(awaited, missing) }
            return broken.map { .broken($0.0, $0.1) } ?? refused("an OR of nothing does not hold")
        // What the near issuer itself has written wrong must not satisfy a group that wants something to be invalid.
        case .nand where misfit != nil, .nor where misfit != nil:
            return misfit ?? refused("a member does not fit")
        case .nand:
            if broken != nil { return .holds }
            return isUnknown ? .unknown(awaited, missing) : refused("all of a NAND hold")
        case .nor:
            if holding > 0 { return refused("one of a NOR holds") }
            return isUnknown ? .unknown(awaited, missing) : .holds
        }
    }

    private mutating func edge(
        _ edge: CredentialEdge, of near: Credential, depth: Int
    ) throws -> ChainStanding {
        func refused(_ words: String) -> ChainStanding {
            .broken(.edgeBroken, [CredentialReason(.edgeBroken, near.said, edge: edge.path, words)])
        }
        guard let far = try view.credential(edge.node) else {
            let words =
                edge.mayBeUndisclosed
                ? "neither a credential \(edge.node) nor the edge with this digest is here"
                : "credential \(edge.node) is not here"
            return .unknown(
                [.credential(edge.node)], [CredentialReason(.missingChain, near.said, edge: edge.path, words)])
        }
        if let schema = edge.schema, schema != far.schema {
            return refused("the edge demands schema \(schema), the credential has \(far.schema)")
        }
        let issuer = try issuerRule(edge, near: near, far: far)
        guard case .holds = issuer else { return issuer }
        let standing = try standing(of: edge.node, depth: depth + 1)
        if edge.isInverted {
            switch standing {
            case .holds: return refused("credential \(edge.node) is valid, and the edge demands that it is not")
            case .broken where try isRevoked(far): return .holds
            // Only its issuer can end a credential; what has befallen others further down may be made good.
            case .broken:
                return .unknown(
                    [.status(far.said)],
                    [
                        CredentialReason(
                            .missingChain, near.said, edge: edge.path,
                            "credential \(far.said) has not been revoked itself")
                    ])
            case .unknown, .exhausted: break
            }
        }
        return standing.named(edge.path, of: near.said)
    }

    /// What the edge demands of the near issuer.
    private func issuerRule(_ edge: CredentialEdge, near: Credential, far: Credential) throws -> ChainStanding {
        func refused(_ words: String) -> ChainStanding {
            .broken(.edgeBroken, [CredentialReason(.edgeBroken, near.said, edge: edge.path, words)])
        }
        if edge.issuer == .notIssuerToIssuee { return .holds }
        switch far.target {
        case .undisclosed:
            return .unknown(
                [.credential(far.said)],
                [
                    CredentialReason(
                        .missingChain, near.said, edge: edge.path,
                        "the copy of credential \(far.said) that is here does not show its issuee")
                ])
        case .untargeted:
            guard let rule = edge.issuer else { return .holds }
            return refused("\(rule.rawValue) needs an issuee, and credential \(far.said) has none")
        case .other:
            return refused("the issuee of credential \(far.said) is no AID")
        case .issuee(let issuee):
            if near.issuer == issuee { return .holds }
            guard edge.issuer == .delegatedIssuerToIssuee else {
                return refused("the issuer \(near.issuer) is not \(issuee), the issuee of credential \(far.said)")
            }
            return try delegation(of: near.issuer, by: issuee, edge, near)
        }
    }

    /// Whether an AID was delegated by another, itself or through others, and whether the delegators' logs still say so: a
    /// recovery takes an approval back, and a witness accepts a delegate ahead of it.
    private func delegation(
        of aid: AID, by delegator: AID, _ edge: CredentialEdge, _ near: Credential
    ) throws -> ChainStanding {
        var current = aid
        for _ in 0..<limits.delegators {
            guard let state = try view.keyEvents.keyState(of: current) else {
                return .unknown(
                    [.keyEvents(current)],
                    [
                        CredentialReason(
                            .missingChain, near.said, edge: edge.path, "the log of \(current) is not here")
                    ])
            }
            guard let next = state.delegator else {
                return .broken(
                    .edgeBroken,
                    [
                        CredentialReason(
                            .edgeBroken, near.said, edge: edge.path,
                            "the issuer \(aid) is neither \(delegator) nor delegated by it")
                    ])
            }
            guard let inception = try view.keyEvents.record(of: current, at: .zero),
                try view.isSealed(EventSeal(aid: current, sn: .zero, said: inception.said), by: next)
            else {
                return .unknown(
                    [.keyEvents(next), .keyEvents(current)],
                    [
                        CredentialReason(
                            .missingChain, near.said, edge: edge.path,
                            "the log of \(next) does not seal the delegation of \(current)")
                    ])
            }
            if next == delegator { return .holds }
            current = next
        }
        return .exhausted(
            CredentialReason(
                .edgeBroken, near.said, edge: edge.path, "the issuer has more delegators than are looked at"))
    }

    /// A graph in which everything leads to one broken credential has more ways there than anybody wants to read.
    private static func some(of reasons: [CredentialReason]) -> [CredentialReason] { Array(reasons.prefix(8)) }
}

extension ChainStanding {
    /// The same, with reasons that say by which edge they were reached.
    func named(_ path: String, of near: SAID) -> ChainStanding {
        func named(_ reason: CredentialReason) -> CredentialReason {
            CredentialReason(
                reason.code, reason.credential, edge: reason.edge.map { "\(path) > \($0)" } ?? path, reason.words)
        }
        return switch self {
        case .holds: .holds
        case .broken(let code, let reasons): .broken(code, reasons.map(named))
        case .unknown(let arrivals, let reasons): .unknown(arrivals, reasons.map(named))
        case .exhausted(let reason): .exhausted(named(reason))
        }
    }
}
