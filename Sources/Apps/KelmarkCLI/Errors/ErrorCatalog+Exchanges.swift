// SPDX-License-Identifier: Apache-2.0

// Errors of exchanges of credentials.

extension ErrorCatalog {
    private static func refusal(_ name: String, _ summary: String, _ explanation: String) -> ErrorEntry {
        ErrorArea.exchange.entry(name, .denied, summary, next: "kelmark credential exchanges", explanation)
    }

    static let exchanges: [ErrorEntry] = [
        refusal(
            "malformed", "A message of an exchange has not the members of its kind.",
            "Each route has its members; anything else is refused, also when it is signed."),
        refusal(
            "forged-embeds", "The digest of the embedded messages is not theirs.",
            "Somebody changed what is handed over after it was written."),
        refusal(
            "bad-embed", "An embedded message is none, or does not belong to the credential.",
            "A grant embeds the credential, its issuance, and the event of its issuer that seals it."),
        refusal(
            "too-large", "A message of an exchange is larger than what is read.",
            "Bodies are bounded by one mebibyte. Hand large credentials over as files: credential export."),
        refusal(
            "cannot-open", "An exchange can't begin with this message.",
            "Only apply, offer and grant begin one."),
        refusal(
            "unknown-prior", "The message answers one that is not known here.",
            "It belongs to an exchange that was forgotten, or that somebody made up."),
        refusal(
            "wrong-prior", "The message can't answer the one that it names.",
            "offer answers apply, agree answers offer, grant answers agree, admit answers grant; spurn answers "
                + "any but admit."
        ),
        refusal(
            "answered", "The message that it names has an answer.",
            "Each message gets one answer; the first one counts."),
        refusal(
            "wrong-sender", "Somebody answers who was not asked.",
            "Only the recipient of a message answers it."),
        refusal(
            "wrong-recipient", "The message names somebody else as its recipient.",
            "It was put into a mailbox that it was not written for."),
        refusal(
            "wrong-schema", "Another schema than the one that was asked for.",
            "What is offered and granted has the schema of the application."),
        refusal(
            "other-credential", "Another credential than the one that was agreed on.",
            "What is granted has the issuer of what was offered."),
        refusal(
            "wrong-discloser", "Who hands over is neither issuer nor issuee.",
            "Who has only seen a targeted credential does not hand it on."),
        refusal(
            "unsigned", "Nothing shows that the sender made the message with its current keys.",
            "Refresh the log of the sender with kel fetch, or ask for the message again."),
        refusal(
            "too-many", "Too many exchanges are open.",
            "Answer or spurn some of them: credential exchanges lists them."),
        ErrorArea.exchange.entry(
            "unknown", .notFound, "No message of an exchange has this digest.", next: "kelmark mail fetch",
            "Mail that was not fetched is not here yet."),
        ErrorArea.exchange.entry(
            "not-expected", .conflict, "The message can't be answered like that.", next: "kelmark credential exchanges",
            "It has its answer, was sent by ourselves, or is answered by another verb."),
        ErrorArea.exchange.entry(
            "refused", .denied, "A message breaks a rule of exchanges.", next: "kelmark credential exchanges",
            "The cause names the rule."),
        ErrorArea.exchange.entry(
            "not-held", .notFound, "The credential is not here, or was not accepted.", next: "kelmark credential list",
            "Only what was accepted is handed over."),
        ErrorArea.exchange.entry(
            "revoked", .denied, "The credential is revoked.", next: "kelmark credential list",
            "Revoked credentials are not handed over and not admitted."),
        ErrorArea.exchange.entry(
            "no-recipient", .usage, "Nobody says for whom the message is.", next: "kelmark credential grant --help",
            "A credential that is issued to nobody in particular needs a recipient."),
        ErrorArea.exchange.entry(
            "not-sent", .undecidable, "The message is kept and could not be handed over.", next: "kelmark mail fetch",
            "It is sent again when the recipient's endpoints can be reached."),
        ErrorArea.exchange.entry(
            "book-damaged", .failure, "The book of exchanges can't be read back.", next: "kelmark doctor",
            "The file was changed by something else, or the medium lost it."),
        ErrorArea.exchange.entry(
            "book-too-new", .conflict, "The book of exchanges was written by a newer version.", next: "kelmark version",
            "Use the newer program."),
    ]
}
