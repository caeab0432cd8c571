// SPDX-License-Identifier: Apache-2.0

/// The messages by which a credential is asked for, offered and handed over (facts 13.7). Also called IPEX.
public enum CredentialExchangeKind: String, Sendable, Hashable, CaseIterable {
    /// Asks for a credential of a schema.
    case apply
    /// Shows what could be handed over.
    case offer
    /// Wants what was offered.
    case agree
    /// Hands a credential over.
    case grant
    /// Has verified and kept what was handed over.
    case admit
    /// Says no, and ends the exchange.
    case spurn

    /// The route of the exchange message.
    public var route: String { "/ipex/\(rawValue)" }

    /// The kind behind a route, nil for any other route.
    public init?(route: String) {
        guard route.hasPrefix("/ipex/") else { return nil }
        self.init(rawValue: String(route.dropFirst(6)))
    }

    /// Whether an exchange may begin with it.
    public var mayOpen: Bool { self == .apply || self == .offer || self == .grant }

    /// What it may answer.
    public var predecessors: Set<CredentialExchangeKind> {
        switch self {
        case .apply: []
        case .offer: [.apply]
        case .agree: [.offer]
        case .grant: [.agree]
        case .admit: [.grant]
        case .spurn: [.apply, .offer, .agree, .grant]
        }
    }

    /// What may answer it.
    public var successors: [CredentialExchangeKind] { Self.allCases.filter { $0.predecessors.contains(self) } }
}
