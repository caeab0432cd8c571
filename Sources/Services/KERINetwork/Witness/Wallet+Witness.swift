// SPDX-License-Identifier: Apache-2.0

public import KERI

extension Wallet {
    /// The one key of an AID that can't be rotated, as a witness needs it.
    /// - Throws: ``ControllerError`` `unknown`, `witness` for an AID that can be rotated, `keyMissing`; ``VaultError``.
    public func witnessKey(_ nameOrAID: String) async throws -> CreatedKey {
        let identifier = try identifier(nameOrAID)
        guard let key = identifier.aid.key, key.isNonTransferable else {
            throw ControllerError(.witness, "\(identifier.name) can be rotated; a witness can't")
        }
        guard let created = try await ring().key(key) else {
            throw ControllerError(.keyMissing, "the vault has not the key of \(identifier.name)")
        }
        return created
    }
}
