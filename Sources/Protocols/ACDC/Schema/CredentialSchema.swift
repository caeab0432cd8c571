// SPDX-License-Identifier: Apache-2.0

public import KERI

/// A JSON Schema that is identified by its SAID (`$id`).
public struct CredentialSchema: Sendable, Hashable {
    /// Its digest.
    public let said: SAID
}
