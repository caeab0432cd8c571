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

    private static func issuing(
        _ name: String, _ status: ExitStatus, _ summary: String, next: String, _ explanation: String
    ) -> ErrorEntry { ErrorArea.credential.entry(name, status, summary, next: next, explanation) }

    static let issuing: [ErrorEntry] = [
        issuing(
            "revoked", .denied, "The credential is revoked.", next: "kelmark credential show SAID",
            "Its issuer has ended it, for ever."),
        issuing(
            "duplicitous", .denied, "An issuer of the chain contradicts itself.", next: "kelmark kel verify FILE",
            "It has signed two events for one place of its log, so nothing that rests on the log counts."),
        issuing(
            "undecided", .undecidable, "Whether the credential holds can't be decided with what is known here.",
            next: "kelmark credential refresh SAID",
            "The cause names what is missing. Fetch it, or take in a full export of the credential."),
        issuing(
            "unshared", .undecidable, "Not every witness has heard what the registry says.",
            next: "kelmark registry publish NAME", "Whoever asks such a witness may not hear of a revocation."),
        issuing(
            "stale", .undecidable, "Nobody answered about the credential.", next: "kelmark credential refresh SAID",
            "What is known here may be old: a revocation would not have been heard. Try again when witnesses answer."),
        issuing(
            "none", .usage, "The file holds no credential that can be read.", next: "kelmark inspect FILE",
            "Give a stream as credential export or keripy's kli vc export --full writes it."),
        issuing(
            "refused", .denied, "What was granted is not accepted.", next: "kelmark credential spurn SAID",
            "The codes of the refusal say why; each has an entry of its own."),
        issuing(
            "unknown-registry", .notFound, "No registry of yours has this name.", next: "kelmark registry list",
            "Make one with registry create NAME --owner AID."),
        issuing(
            "name-taken", .conflict, "Another registry has this name.", next: "kelmark registry list",
            "Names are yours alone; choose another."),
        issuing(
            "name-malformed", .usage, "This can't be the name of a registry.", next: "kelmark registry create --help",
            "Names have 1 to 64 letters, digits, dots, hyphens and underscores, and begin with a letter."),
        issuing(
            "registry-waiting", .waiting, "The registry, or an event of it, is still on its way.",
            next: "kelmark registry resume",
            "An event counts when the owner's log seals it and its witnesses have receipted that."),
        issuing(
            "unknown-credential", .notFound, "The credential is not kept here.", next: "kelmark credential list",
            "Take it in with credential import FILE, or by admitting a grant."),
        issuing(
            "not-ours", .denied, "The credential is not one that this registry can issue.",
            next: "kelmark registry list", "Its issuer must own the registry that it names, and issues it once."),
        issuing(
            "already-revoked", .conflict, "The credential has been revoked already.",
            next: "kelmark credential show SAID", "A revocation is final."),
        issuing(
            "would-not-verify", .denied, "The credential would not be accepted by a verifier.",
            next: "kelmark schema show SAID",
            "The cause names the member and the rule of the schema, or the edge. Nothing was sealed."),
        issuing(
            "unknown-schema", .notFound, "The schema is not kept here.", next: "kelmark schema add FILE",
            "A credential is checked against its schema before it is issued."),
        issuing(
            "backers", .usage, "The backers and their threshold don't fit.", next: "kelmark registry rotate --help",
            "Each is named once and can't be rotated; the threshold lies between 1 and their number."),
        issuing(
            "not-writable", .usage, "The values can't be written as a credential.",
            next: "kelmark credential issue --help", "The cause names the member."),
        issuing(
            "book-damaged", .failure, "The book of registries can't be read back.", next: "kelmark doctor",
            "Restore registries.json of the home folder from a backup; the registries themselves are in the store."),
        issuing(
            "book-too-new", .failure, "The book of registries was written by a newer version.",
            next: "kelmark version", "Use the newer version of the program."),
    ]

    private static func form(_ name: String, _ summary: String, _ explanation: String) -> ErrorEntry {
        ErrorArea.credential.entry("form-\(name)", .denied, summary, next: "kelmark inspect FILE", explanation)
    }

    static let credentialForms: [ErrorEntry] = [
        form(
            "document", "A credential's body is not canonical.",
            "The bytes differ from what every KERI program writes, so their digest can't be trusted."),
        form("not-a-credential", "A body is no credential.", "A map that begins with v was expected."),
        form(
            "unsupported-version", "A credential of a protocol or version that is not read, or of a false size.",
            "ACDC 1.0 is read in JSON, CBOR and MessagePack."),
        form(
            "wrong-members", "A member of a credential is missing, unknown or out of order.",
            "The members are v d u i ri s a A e r in this order; a and A exclude each other."),
        form(
            "forged-said", "A credential, or a block of it, is not what its digest says.",
            "The bytes were changed after the digest was made."),
        form(
            "bad-value", "A member of a credential has a malformed value.", "The cause names the member and the byte."),
        form(
            "too-deep", "Blocks of a credential are nested too deep.",
            "Depth is bounded, so that a credential can't stop a verifier."),
    ]

    private static func schema(_ name: String, _ summary: String, _ explanation: String) -> ErrorEntry {
        ErrorArea.schema.entry(name, .denied, summary, next: "kelmark schema lint FILE", explanation)
    }

    static let schemas: [ErrorEntry] = [
        schema(
            "malformed", "The bytes are no JSON, or not in the form over which digests are made.",
            "Schemas travel as compact JSON. A file may be in any spelling."),
        schema(
            "too-large", "The schema is larger, deeper or has more values than is allowed.",
            "Schemas are bounded, so that one can't stop a verifier."),
        schema("not-an-object", "The schema is no JSON object.", "Only an object can name its digest by $id."),
        schema(
            "not-addressed", "The schema does not name its digest.",
            "Member $id must be the SAID of the whole: kelmark schema address writes it."),
        schema(
            "said-mismatch", "The schema is not what its digest says.",
            "It was changed after the digest was made, or $id is the digest of another schema."),
        schema(
            "block-said-mismatch", "A block of the schema is not what its digest says.",
            "A block whose $id looks like a SAID must have the right one: kelmark schema address writes it."),
        schema(
            "unexpected", "Another schema came than the one that was asked for.",
            "The host answered with a schema of another digest; ask another host."),
        schema(
            "unknown-dialect", "The schema is in a dialect that is not spoken here.",
            "Member $schema names 2020-12 or draft-07; anything else would be guessed."),
        schema("bad-keyword", "A keyword of the schema has a value that it can't have.", "The cause names the place."),
        schema("bad-pattern", "A regular expression of the schema is malformed.", "The cause names the place."),
        schema(
            "unsupported-pattern", "A regular expression can't be matched in linear time.",
            "Back-references and look-around would let a text stop a verifier; write the rule in another way."),
        schema(
            "pattern-too-large", "A regular expression needs too many states.",
            "Large repetitions multiply; bound the length by maxLength instead."),
        schema(
            "unresolvable-reference", "A reference of the schema leads nowhere.",
            "References lead to a part of the same schema, or to another one by its SAID; never to the network."),
        schema(
            "reference-loop", "Parts of the schema refer to one another in a circle.",
            "A reference must lead on into the value at some point."),
        schema(
            "duplicate-identifier", "Two parts of the schema have the same $id or anchor.",
            "A reference would be ambiguous."),
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
            "Ask the backers again with registry resume."),
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
