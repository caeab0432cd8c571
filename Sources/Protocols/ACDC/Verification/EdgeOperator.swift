// SPDX-License-Identifier: Apache-2.0

/// What an edge demands of the issuer of the near credential (facts 13.6).
public enum IssuerOperator: String, Hashable, Sendable, CaseIterable {
    /// It is the issuee of the far credential.
    case issuerToIssuee = "I2I"
    /// Nothing.
    case notIssuerToIssuee = "NI2I"
    /// It is the issuee of the far credential, or an AID that the issuee delegated, itself or through others.
    case delegatedIssuerToIssuee = "DI2I"
}

/// How the members of a group of edges are put together.
public enum GroupOperator: String, Hashable, Sendable, CaseIterable {
    /// All hold.
    case and = "AND"
    /// One holds at least.
    case or = "OR"
    /// One at least does not hold.
    case nand = "NAND"
    /// None holds.
    case nor = "NOR"
    /// All hold, and they have an average: ``EdgeGroup/average(of:)``.
    case average = "AVG"
    /// All hold, and they have a weighted average.
    case weightedAverage = "WAVG"
}
