// SPDX-License-Identifier: Apache-2.0

// Errors of key events and messages: what the KERI core refuses, and what it keeps waiting.

extension ErrorCatalog {
    private static func refused(_ name: String, _ summary: String, _ explanation: String) -> ErrorEntry {
        ErrorArea.event.entry(name, .denied, summary, next: "kelmark inspect FILE", explanation)
    }

    static let events: [ErrorEntry] = [
        refused(
            "inception-not-at-zero", "An inception does not stand at sequence number 0.",
            "Every log begins with its one inception; nothing else may stand there and it may stand nowhere else."),
        refused(
            "not-transferable", "The AID can't have later events.",
            "Its keys can't be rotated: it was made so, or its controller abandoned it. Later events are false."),
        refused(
            "prior-mismatch", "The event does not follow the one before it.",
            "Member p is not the digest of the accepted event before. The log was cut and joined, or belongs "
                + "to another branch."
        ),
        refused(
            "establishment-only", "The log takes establishment events only.",
            "The inception has the trait EO, so an interaction is false."),
        refused(
            "rotation-of-delegated", "A delegated AID was rotated without its delegator.",
            "Only drt rotates a delegated AID; a plain rot would evade the delegator."),
        refused(
            "delegated-rotation-of-undelegated", "A delegated rotation of an AID that nobody delegated.",
            "The inception names no delegator, so drt has no meaning here."),
        refused(
            "too-few-keys", "There are fewer keys than the threshold needs.",
            "Such an event could never be signed well."),
        refused(
            "too-few-next-digests", "There are fewer next keys than their threshold needs.",
            "Such an AID could never be rotated."),
        refused("no-keys", "An establishment event without keys.", "Nobody could sign for this AID."),
        refused(
            "prefix-not-key", "The AID is not the key that its inception states.",
            "An AID that is a key belongs to exactly that key."),
        refused(
            "duplicate-witness", "A witness is named twice.", "Counted twice, one witness could outvote the others."),
        refused(
            "cut-not-witness", "A rotation removes a witness that is none.",
            "The witness list in force has no such AID."),
        refused(
            "add-not-new", "A rotation adds a witness that is one already, or removes it too.",
            "Cuts, adds and the remaining witnesses must be disjoint."),
        refused(
            "bad-witness-threshold", "The witness threshold does not fit the witness list.",
            "It lies between 1 and the number of witnesses, or is 0 without any."),
        refused(
            "no-valid-signature", "No attached signature verifies.",
            "The event was changed after it was signed, or was signed by somebody else."),
        refused(
            "delegator-refuses", "The delegator's AID forbids delegation.",
            "Its inception has the trait DND. What claims to be its delegate is none."),
        refused(
            "seal-not-found", "The event that should approve this one does not.",
            "The seal source couple names an event of the delegator that holds no seal of this event."),
        refused(
            "superseding-not-approved",
            "A delegated rotation would replace another without the delegator's later approval.",
            "The delegator must seal the new event behind the old one's seal."),
        refused(
            "stale-receipt", "A receipt speaks of another event than the one in the log.",
            "It may be evidence of duplicity: somebody receipted a different event for the same place."),
        refused(
            "no-valid-receipt", "A receipt without a signature that verifies.", "It proves nothing and is dropped."),
        refused(
            "stale-reply", "A reply that is not newer than the one kept.",
            "Older statements never replace "
                + "newer ones."),
        refused(
            "wrong-signer", "A message signed by another AID than the one it must come from.",
            "Only the AID concerned may say this."),
        refused(
            "unknown-route", "A message with a route that nobody handles.", "It was made for another kind of program."),
        refused(
            "bad-payload", "A message whose members break the rules of its route.",
            "It was made by a defective or malicious peer."),
        refused(
            "future-dated", "A reply dated in the future.",
            "Accepted, it would block every later statement of its signer. Check the clocks."),
        refused(
            "signer-event-mismatch", "A message names an event of its signer that is not in the signer's log.",
            "Import the signer's log again; if it differs, the signer is duplicitous or the message forged."),
        ErrorArea.event.entry(
            "escrow-full", .conflict, "Too many messages are waiting already.", next: "kelmark waiting",
            "Escrows are bounded so that strangers can't fill the disk. Supply or drop what waits."),
        refused(
            "not-writable", "The event can't be written.",
            "A value is out of range for the format, or the log is at its last position."),
    ]

    private static func waits(_ name: String, _ summary: String, _ explanation: String) -> ErrorEntry {
        ErrorArea.waiting.entry(name, .waiting, summary, next: "kelmark waiting", explanation)
    }

    static let waiting: [ErrorEntry] = [
        waits(
            "out-of-order", "An earlier event of the same log is missing.",
            "Import the part of the log before it: an export of its controller has all of it."),
        waits(
            "partial-signatures", "More signatures of the controller's keys are needed.",
            "Import another copy of the event with the other signatures; signatures of all copies are joined."),
        waits(
            "partial-delegation", "The delegator has not sealed the event yet.",
            "Export the AID, let the delegator import and approve it, and import the delegator's log here."),
        waits(
            "partial-witnesses", "More witness receipts are needed.",
            "Send the event to its witnesses and import their receipts."),
        waits(
            "likely-duplicitous", "Another event stands at its place.",
            "Nothing makes this event valid. If it is signed well, kel verify reports the duplicity with its "
                + "evidence."),
        waits(
            "unverified-witness-receipt", "The event that a witness receipted is not known.",
            "Import the log that the receipt speaks of."),
        waits(
            "unverified-receipt", "The event that was receipted is not known.",
            "Import the log that the receipt speaks of."),
        waits(
            "unverified-transferable-receipt", "The event, or the log of who receipted it, is not known.",
            "Import both logs, that of the event and that of its signer."),
        waits("query-not-found", "The state that was asked for is not known.", "Import the log that was asked for."),
        waits(
            "partial-reply", "The log of who replied, or more of its signatures, is missing.",
            "Import the log of the signer."),
        waits(
            "partial-exchange", "The log of who sent the message, or more of its signatures, is missing.",
            "Import the log of the sender."),
        waits(
            "misfit", "A stranger sent a new event of one of your own AIDs.",
            "Events of your AIDs are made here. If you did not make it elsewhere with a copy of your keys, "
                + "your keys are stolen: rotate."
        ),
        waits(
            "delegable", "One of your AIDs is asked to approve an event of a delegate.",
            "Look at the event and approve it with id approve, or leave it."),
    ]

    private static func unreadable(_ name: String, _ summary: String, _ explanation: String) -> ErrorEntry {
        ErrorArea.message.entry(name, .denied, summary, next: "kelmark inspect FILE", explanation)
    }

    static let messages: [ErrorEntry] = [
        unreadable(
            "document", "A message body is not canonical.",
            "The bytes differ from what every KERI program writes, so their digest can't be trusted. The "
                + "cause names the rule and the byte."
        ),
        unreadable("not-a-message", "A body is no KERI message.", "A map that begins with v and t was expected."),
        unreadable(
            "unsupported-version", "A message of a protocol or version that is not read.",
            "KERI 1.0 is read. Version 2 streams can be inspected, but not verified yet."),
        unreadable("unknown-kind", "A message of an unknown type.", "Member t names nothing that KERI 1.0 knows."),
        unreadable(
            "wrong-members", "A member is missing, unknown or out of order.",
            "The order of members is part of the format; keys may not repeat."),
        unreadable(
            "forged-said", "A message is not what its digest says.",
            "The bytes were changed after the digest was made. Get the log again from its controller or a witness."),
        unreadable(
            "prefix-rule", "The AID does not follow from the inception.",
            "An AID is its key, or the digest of its inception; anything else is forged."),
        unreadable("bad-value", "A member has a malformed value.", "The cause names the member and the byte."),
        ErrorArea.message.entry(
            "truncated", .undecidable, "The input ends inside a message.", next: "kelmark inspect FILE",
            "The file was cut. What came before it was read."),
        unreadable(
            "framing", "The input can't be divided into messages.",
            "Neither a body nor an attachment group begins here. Reading went on at the next plausible body."),
        unreadable(
            "attachments", "The attachments of a message can't be read.",
            "A signature or seal behind the body is malformed, so the message counts as unsigned and is dropped."),
        unreadable("too-large", "A message is larger than what is read.", "Bodies and attachments are bounded."),
        unreadable(
            "version-string", "A version string is malformed.",
            "The first member of a body says protocol, version, format and size in a fixed form."),
    ]
}
