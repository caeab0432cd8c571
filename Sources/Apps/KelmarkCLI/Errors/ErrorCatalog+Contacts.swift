// SPDX-License-Identifier: Apache-2.0

// Errors of challenges and of DIDs.

extension ErrorCatalog {
    static let challenges: [ErrorEntry] = [
        ErrorArea.challenge.entry(
            "malformed", .denied, "The message is no answer to a challenge, or nothing shows who sent it.",
            next: "kelmark challenge make", "Give out new words, and ask for them to be answered again."),
        ErrorArea.challenge.entry(
            "not-ours", .denied, "The answer is meant for an AID of somebody else.", next: "kelmark id list",
            "It was sent to the wrong mailbox. It shows nothing to you."),
        ErrorArea.challenge.entry(
            "not-given", .denied, "These words were not given out here, or were answered already.",
            next: "kelmark challenge make",
            "Words are believed once. An answer that was recorded from an earlier conversation is worth nothing."),
        ErrorArea.challenge.entry(
            "expired", .denied, "The words were given out too long ago.", next: "kelmark challenge make",
            "Words can be answered within an hour, so that nobody has long to find out about them."),
        ErrorArea.challenge.entry(
            "unanswered", .waiting, "No answer with these words has come.",
            next: "kelmark challenge verify CONTACT --as NAME --wait 60 WORD…",
            "The other has not answered, or its answer lies in a mailbox that can't be read now."),
        ErrorArea.challenge.entry(
            "dated", .denied, "The answer is dated before the words were given out, or in the future.",
            next: "date", "The two clocks may be five minutes apart. Look at the clock, then give out new words."),
        ErrorArea.challenge.entry(
            "book-damaged", .failure, "The book of challenges can't be read back.", next: "kelmark doctor",
            "The file challenges.json was changed by something else. Remove it: only words that wait are lost."),
        ErrorArea.challenge.entry(
            "book-too-new", .conflict, "The book of challenges was written by a newer version.",
            next: "kelmark version", "Use the newer version."),
    ]

    static let dids: [ErrorEntry] = [
        ErrorArea.did.entry(
            "another-aid", .denied, "The key state is of another AID than the DID.", next: "kelmark id did NAME",
            "The end of the DID names the AID; they must be the same."),
        ErrorArea.did.entry(
            "unsupported-key", .undecidable, "A key has an algorithm that DID documents of this version can't name.",
            next: "kelmark id show NAME", "Ed25519, secp256r1 and secp256k1 can be written."),
        ErrorArea.did.entry(
            "unreachable", .undecidable, "The web server of the DID does not answer.", next: "the same command again",
            "Private addresses are not asked unless that is allowed."),
        ErrorArea.did.entry(
            "not-published", .notFound, "The web server has no such publication.",
            next: "kelmark id did NAME --webs HOST --out FOLDER",
            "Both files, did.json and keri.cesr, must be where the DID says."),
        ErrorArea.did.entry(
            "document-unreadable", .denied, "What is published is no DID document.", next: "kelmark explain KM-DID",
            "The file did.json is not JSON, or lacks members."),
        ErrorArea.did.entry(
            "log-refused", .denied, "The published log is not accepted, or not that of the AID.",
            next: "kelmark kel verify keri.cesr", "A document is believed for its log only."),
        ErrorArea.did.entry(
            "duplicitous", .denied, "The published log contradicts itself.", next: "kelmark kel verify keri.cesr",
            "Its controller signed two events for one position. Nothing rooted there can be trusted."),
        ErrorArea.did.entry(
            "outdated", .denied, "The published log ends before what is known of the AID, or is another one.",
            next: "kelmark kel fetch NAME", "Its controller must publish again, or somebody else controls the server."),
        ErrorArea.did.entry(
            "mismatch", .denied, "The published document is not the one that follows from the log.",
            next: "kelmark id did NAME --webs HOST --out FOLDER",
            "Somebody changed the document by hand, or published only one of the two files."),
    ]
}
