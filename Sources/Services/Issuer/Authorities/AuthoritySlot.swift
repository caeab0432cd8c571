// SPDX-License-Identifier: Apache-2.0

/// What an authority signs.
public enum AuthorityKind: String, Hashable, Sendable, CaseIterable {
    /// X.509-SVIDs.
    case x509
    /// JWT-SVIDs.
    case jwt

    /// The two places for keys of this kind.
    public var slots: (a: AuthoritySlot, b: AuthoritySlot) {
        switch self {
        case .x509: (.x509A, .x509B)
        case .jwt: (.jwtA, .jwtB)
        }
    }

    /// How SPIRE's messages call it.
    var title: String {
        switch self {
        case .x509: "X.509"
        case .jwt: "JWT"
        }
    }
}

/// A place for one signing key. Each kind has two: one signs while the other is made ready. Facts (SPIFFE) 13.1.
public enum AuthoritySlot: String, Hashable, Sendable, CaseIterable {
    case x509A = "x509-CA-A"
    case x509B = "x509-CA-B"
    case jwtA = "JWT-Signer-A"
    case jwtB = "JWT-Signer-B"

    /// What keys of this place sign.
    public var kind: AuthorityKind {
        switch self {
        case .x509A, .x509B: .x509
        case .jwtA, .jwtB: .jwt
        }
    }

    /// The other place of the same kind.
    public var other: AuthoritySlot {
        switch self {
        case .x509A: .x509B
        case .x509B: .x509A
        case .jwtA: .jwtB
        case .jwtB: .jwtA
        }
    }
}
