// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI

extension CredentialProcessor {
    // MARK: Credentials

    /// Decides about a credential and makes the outcome durable.
    ///
    /// A copy that shows more than the one that is kept takes its place when it holds; one that shows less is a
    /// duplicate and changes nothing.
    ///
    /// - Parameters:
    ///   - credential: as it was parsed.
    ///   - attachments: what was attached to it; the seal of its issuance is compared with the registry.
    ///   - now: the time to record.
    /// - Throws: ``StoreError``; nothing has changed then.
    public func process(
        _ credential: Credential, with attachments: Attachments, now: Timestamp
    ) throws -> CredentialDecision<Store.Transaction>.Judgement {
        try store.write { (transaction: inout Store.Transaction) in
            try apply(credential, with: attachments, to: &transaction, now: now)
        }
    }

    /// As ``process(_:with:now:)-(Credential,_,_)``, inside a transaction that the caller holds.
    public func apply(
        _ credential: Credential, with attachments: Attachments, to transaction: inout Store.Transaction,
        now: Timestamp
    ) throws -> CredentialDecision<Store.Transaction>.Judgement {
        try steps(in: &transaction, now: now) { steps in
            try steps.apply(credential, with: attachments, since: now)
        }
    }

    // MARK: Schemas

    /// Keeps a schema. What waits for it is decided again by `resume(after: [.schema(schema.said)], …)`.
    /// - Returns: whether it is new.
    /// - Throws: ``StoreError``.
    @discardableResult public func learn(_ schema: CredentialSchema) throws -> Bool {
        try store.write { (transaction: inout Store.Transaction) in
            let isNew = try transaction.schema(schema.said) == nil
            if isNew { try transaction.putSchema(schema) }
            return isNew
        }
    }
}
