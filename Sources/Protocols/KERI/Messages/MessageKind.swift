// SPDX-License-Identifier: Apache-2.0

/// The types of KERI 1.0 messages (member `t`, facts 5.1).
public enum MessageKind: String, Hashable, Sendable, CaseIterable {
    case inception = "icp"
    case rotation = "rot"
    case interaction = "ixn"
    case delegatedInception = "dip"
    case delegatedRotation = "drt"
    case receipt = "rct"
    case query = "qry"
    case reply = "rpy"
    case prod = "pro"
    case bare = "bar"
    case exchange = "exn"
    case registryInception = "vcp"
    case registryRotation = "vrt"
    case issuance = "iss"
    case revocation = "rev"
    case backedIssuance = "bis"
    case backedRevocation = "brv"

    /// Whether the message ends a credential.
    public var isRevocation: Bool { self == .revocation || self == .backedRevocation }

    /// The kind as a key event, nil for other messages.
    public var keyEvent: KeyEventKind? { KeyEventKind(rawValue: rawValue) }

    /// The members of the body, all mandatory and in this order.
    ///
    /// An exchange message of keripy 1.1 has no `rp`; ``exchangeWithoutRecipient`` is its list.
    public var members: [StaticString] {
        switch self {
        case .inception: Self.inceptionMembers
        case .rotation, .delegatedRotation: Self.rotationMembers
        case .interaction: Self.interactionMembers
        case .delegatedInception: Self.delegatedInceptionMembers
        case .receipt: ["v", "t", "d", "i", "s"]
        case .query, .prod: ["v", "t", "d", "dt", "r", "rr", "q"]
        case .reply, .bare: ["v", "t", "d", "dt", "r", "a"]
        case .exchange: ["v", "t", "d", "i", "rp", "p", "dt", "r", "q", "a", "e"]
        case .registryInception: ["v", "t", "d", "i", "ii", "s", "c", "bt", "b", "n"]
        case .registryRotation: ["v", "t", "d", "i", "p", "s", "bt", "br", "ba"]
        case .issuance: ["v", "t", "d", "i", "s", "ri", "dt"]
        case .revocation: ["v", "t", "d", "i", "s", "ri", "p", "dt"]
        case .backedIssuance: ["v", "t", "d", "i", "ii", "s", "ra", "dt"]
        case .backedRevocation: ["v", "t", "d", "i", "s", "p", "ra", "dt"]
        }
    }

    /// The members of an exchange message as keripy 1.1 writes and demands it.
    public static let exchangeWithoutRecipient: [StaticString] = [
        "v", "t", "d", "i", "p", "dt", "r", "q", "a", "e",
    ]

    /// How many of the members `d` and `i` are digests of the body: none, `d`, or both with one value (facts 4).
    var selfAddressing: SelfAddressing {
        switch self {
        case .receipt: .none
        case .inception: .identifierWhenDigest
        case .delegatedInception, .registryInception: .identifier
        default: .digest
        }
    }

    enum SelfAddressing {
        /// `d` is the digest of another message.
        case none
        /// `d` is the digest of the body.
        case digest
        /// `d` and `i` are.
        case identifier
        /// `d` is, and `i` when its code is that of a digest.
        case identifierWhenDigest
    }

    // The lists of key events are kept, for they are needed with every event.
    private static let inceptionMembers: [StaticString] = [
        "v", "t", "d", "i", "s", "kt", "k", "nt", "n", "bt", "b", "c", "a",
    ]
    private static let delegatedInceptionMembers: [StaticString] = inceptionMembers + ["di"]
    private static let rotationMembers: [StaticString] = [
        "v", "t", "d", "i", "s", "p", "kt", "k", "nt", "n", "bt", "br", "ba", "a",
    ]
    private static let interactionMembers: [StaticString] = ["v", "t", "d", "i", "s", "p", "a"]
}
