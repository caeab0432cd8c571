// SPDX-License-Identifier: Apache-2.0

// Errors of credentials, their registries and their schemas.

extension ErrorCatalog {
    private static func refused(_ name: String, _ summary: String, _ explanation: String) -> ErrorEntry {
        ErrorArea.credential.entry(name, .denied, summary, next: "kelmark credential verify FILE", explanation)
    }

    static let credentials: [ErrorEntry] = [
        refused(
            "tel-likely-duplicitous", "Another registry event stands at this place.",
            "An issuer may say one thing only at each place of a log. Keep both events: together they show it."),
        refused(
            "tel-prior-mismatch", "A registry event does not follow the one before it.",
            "Member p is not the digest of the accepted event before."),
        refused(
            "tel-wrong-position", "A registry event of this kind can't stand at its place.",
            "A registry begins at 0; a credential is issued at 0 and revoked at 1, and nothing follows."),
        refused(
            "wrong-backing", "The registry event is of the other kind of registry.",
            "Registries without backers take iss and rev, those with backers bis and brv; backers of a registry "
                + "without any can't be rotated."),
        refused(
            "bad-backers", "The backers of a registry break the rules.",
            "Each is named once, a cut names one that is there, an addition one that is not, and the threshold fits."),
        refused(
            "foreign-registry", "A credential event names another registry than the issuance.",
            "A credential lives and ends in one registry."),
        refused(
            "issuer-not-registry-owner", "The credential's issuer does not own the registry.",
            "Only events sealed in the log of the registry's owner speak for a credential. Somebody else's name in "
                + "member i is a forgery."),
        refused(
            "no-registry", "The credential names no registry.",
            "A credential is not signed: its issuer vouches for it by a registry event sealed in a key event log."),
        refused(
            "issuance-mismatch", "The attached seal is not the issuance in the registry.",
            "The credential was taken from another issuance, or its registry has a duplicitous event."),
        refused(
            "schema-violated", "The credential violates its schema.", "The cause names the member and the rule."),
        ErrorArea.credential.entry(
            "schema-too-hard", .denied, "The schema asks for more work than is allowed.",
            next: "kelmark schema lint FILE",
            "Recursion, huge lists and hard patterns are bounded, so that a schema can't stop a verifier."),
        refused(
            "edge-revoked", "A credential that it builds upon has been revoked.",
            "A chain holds as long as each of its credentials does."),
        refused(
            "edge-broken", "A credential that it builds upon does not fit.",
            "The cause names the edge and the rule: I2I asks that the issuer here is the issuee there."),
        refused(
            "unknown-operator", "An edge has an operator that is not known.",
            "I2I, NI2I, DI2I, NOT, AND, OR and so on "
                + "are known; what is not understood is never taken as fulfilled."),
        ErrorArea.credential.entry(
            "escrow-full", .conflict, "Too many credentials are waiting already.", next: "kelmark waiting",
            "Escrows are bounded so that strangers can't fill the disk. Supply or drop what waits."),
    ]

    private static func waits(_ name: String, _ summary: String, _ explanation: String) -> ErrorEntry {
        ErrorArea.waiting.entry(name, .waiting, summary, next: "kelmark waiting", explanation)
    }

    static let waitingCredentials: [ErrorEntry] = [
        waits(
            "tel-out-of-order", "An earlier registry event, or the registry itself, is missing.",
            "Import a full export of the credential, or ask its issuer to send it again."),
        waits(
            "missing-anchor", "The issuer's log does not seal the registry event yet.",
            "Fetch the log of the issuer. For a registry of yours: finish the interrupted step with registry resume."),
        waits(
            "partial-backers", "More receipts of the registry's backers are needed.",
            "Ask the backers again with registry publish."),
        waits(
            "missing-registry", "The registry of the credential, or its issuance there, is missing.",
            "Import a full export of the credential, or refresh it from the issuer's witnesses."),
        waits(
            "missing-schema", "The schema of the credential is missing.",
            "Add it with schema add FILE, or fetch it with schema resolve URL; its SAID is checked."),
        waits(
            "missing-chain", "A credential that this one builds upon is missing, or shown too little of.",
            "Import it, or ask its holder for a fuller disclosure."),
    ]
}
