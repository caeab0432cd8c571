// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI

/// What a file holds of the credential that a statement names, or, without a statement, of its only credential. Nothing of
/// it is believed yet.
struct AuthorityClaim {
    /// The credential.
    let said: SAID
    /// The credential, nil when the file does not hold it.
    let presented: PresentedCredential?
    /// What the credential says, nil when it can't be read as an authority credential.
    let authority: AuthorityCredential?
    /// Why it can't.
    let fault: AuthorityCredentialError?
    /// The events of its registry.
    let transactions: [AnchoredEvent]

    /// - Returns: nil without a statement in a file of no credential or several.
    init?(of statement: AuthorityStatement?, in file: ProofFile) {
        let parts = file.parts(.credential)
        let named = statement.map { SAID(unchecked: $0.credential) }
        guard let said = named ?? (parts.count == 1 ? parts[0].presented?.credential.said : nil) else { return nil }
        self.said = said
        let presented = parts.first { $0.name.id == said.text }?.presented
        self.presented = presented
        var authority: AuthorityCredential?
        var fault: AuthorityCredentialError?
        if let presented {
            do throws(AuthorityCredentialError) {
                authority = try AuthorityCredential(reading: presented.credential)
            } catch {
                fault = error
            }
        }
        self.authority = authority
        self.fault = fault
        let registry = presented?.credential.registry
        transactions =
            registry.flatMap { registry in
                file.parts(.registry).first { $0.name.id == registry.text }?.transactions
            } ?? []
    }

    /// The inception of the registry.
    var inception: AnchoredEvent? {
        guard let registry = presented?.credential.registry else { return nil }
        return transactions.first { $0.event.kind == .registryInception && $0.event.subject == registry }
    }

    /// The issuances of the credential; more than one is a contradiction.
    var issuances: [AnchoredEvent] {
        transactions.filter { $0.event.kind == .issuance && $0.event.subject == said }
    }

    /// The revocations of the credential that follow its issuance.
    var revocations: [AnchoredEvent] {
        guard let issuance = issuances.first else { return [] }
        return transactions.filter {
            $0.event.kind == .revocation && $0.event.subject == said && $0.event.prior == issuance.event.said
        }
    }
}
