// SPDX-License-Identifier: Apache-2.0

// Errors of groups and of the messages between their members.

extension ErrorCatalog {
    static let groups: [ErrorEntry] = groupMessages + groupProposals + groupPlaces + groupRequests

    private static let look = "kelmark waiting"
    private static let fetch = "kelmark oobi resolve URL"

    private static let groupMessages: [ErrorEntry] = [
        ErrorArea.group.entry(
            "malformed", .denied, "The message has not the members that its route asks for.", next: look,
            "It was not made by a member's software, or is of a version that is not read here."),
        ErrorArea.group.entry(
            "forged-block", .denied, "The embedded messages are not what their digest says.", next: look,
            "The message was altered, or its sender's software is broken. Nothing of it was kept."),
        ErrorArea.group.entry(
            "forged-event", .denied, "The embedded message is no event, or not the one that its digest names.",
            next: look, "The message was altered, or its sender's software is broken. Nothing of it was kept."),
        ErrorArea.group.entry(
            "wrong-kind", .denied, "The route speaks of another kind of event than the embedded one.", next: look,
            "Inceptions, rotations and interactions have a route each."),
        ErrorArea.group.entry(
            "wrong-group", .denied, "The message names another group than the event.", next: look,
            "Nothing of the message was kept."),
        ErrorArea.group.entry(
            "unsigned", .denied, "Nothing shows that the sender sent the message.", next: look,
            "Its signature is missing or wrong, or somebody else's."),
        ErrorArea.group.entry(
            "sender-unknown", .undecidable, "The log of the sender is not here, or does not reach far enough.",
            next: fetch, "The message is kept and judged when the log has arrived."),
        ErrorArea.group.entry(
            "sender-stale", .denied, "The message is signed with keys that its sender has replaced.",
            next: "ask the sender to send it again",
            "Whoever stole the old keys could have sent it. New proposals must be signed with the keys in force."),
        ErrorArea.group.entry(
            "stranger", .denied, "The sender is none of the members.", next: look, "Nothing of the message was kept."),
        ErrorArea.group.entry(
            "not-ours", .denied, "None of the members is an AID of this wallet.", next: "kelmark id list",
            "The message was meant for somebody else."),
        ErrorArea.group.entry(
            "too-many", .denied, "So much waits for a decision that no more is kept.", next: look,
            "Approve or decline what waits."),
    ]

    private static let groupProposals: [ErrorEntry] = [
        ErrorArea.group.entry(
            "members-mismatch", .denied, "Members and keys, or members and next digests, are not equally many.",
            next: look, "Each signing member has one key, each rotating member one digest, and none is named twice."),
        ErrorArea.group.entry(
            "members-differ", .denied, "A copy of the event names other members.", next: look,
            "The members are those of the first copy, whose keys were checked."),
        ErrorArea.group.entry(
            "not-our-key", .denied, "The key at our member's place is not its key.", next: look,
            "Somebody else would sign in its place. Nothing of the proposal was kept."),
        ErrorArea.group.entry(
            "not-our-digest", .denied, "The next digest at our member's place is not its next digest.", next: look,
            "Our member could not take part in the next rotation. Nothing of the proposal was kept."),
        ErrorArea.group.entry(
            "foreign-key", .undecidable, "The key at the place of a member is none that its log states.", next: fetch,
            "It is somebody else's key, or the member has rotated and its log here is old. The message is kept until "
                + "the log moves."),
        ErrorArea.group.entry(
            "foreign-digest", .undecidable, "The next digest at the place of a member is none that its log states.",
            next: fetch,
            "It is somebody else's digest, or the member has rotated and its log here is old. The message is kept "
                + "until the log moves."),
        ErrorArea.group.entry(
            "member-unknown", .undecidable, "The log of a member is not here.", next: fetch,
            "Members must have been introduced to each other."),
        ErrorArea.group.entry(
            "member-behind", .undecidable, "A member has rotated, and its log here does not show it.", next: fetch,
            "The message is kept and judged again when the log has arrived."),
        ErrorArea.group.entry(
            "member-stale", .denied, "The key or digest of a member is one that it has replaced.",
            next: "ask the proposer to fetch the member's log and propose again",
            "The proposer has not seen the member's latest rotation."),
        ErrorArea.group.entry(
            "member-not-moved", .waiting, "A member has not rotated since the group's last establishment event.",
            next: "kelmark id rotate MEMBER",
            "A rotation of a group is made of new keys: each signing member rotates its own AID first, and the others "
                + "fetch its log. The cause names who must act."),
        ErrorArea.group.entry(
            "member-unfit", .denied, "An AID can't be a member.", next: "kelmark kel show AID",
            "Its keys can't be rotated, it has ended, or it is the group itself."),
        ErrorArea.group.entry(
            "bad-threshold", .denied, "A threshold can't be satisfied by all members together.", next: look,
            "There are more weights than members, or too little weight."),
        ErrorArea.group.entry(
            "next-threshold", .denied, "Members who would sign don't reveal enough of the pre-rotated keys.",
            next: look,
            "A key counts only if the group's last establishment event committed to it: a member that rotated twice "
                + "since, or is new, signs but does not count."),
        ErrorArea.group.entry(
            "unsigned-by-sender", .denied, "The sender has not signed the event that it proposes.", next: look,
            "A proposal comes with the proposer's own signature of the event."),
        ErrorArea.group.entry(
            "invalid-event", .denied, "The event breaks a rule of KERI.", next: "kelmark kel show GROUP",
            "The cause names the rule; the event could never stand in the log."),
    ]

    private static let groupPlaces: [ErrorEntry] = [
        ErrorArea.group.entry(
            "unknown", .notFound, "No such group, or its log is not here.", next: "kelmark id list",
            "The name is misspelt, its inception still waits, or its log must be fetched first."),
        ErrorArea.group.entry(
            "behind", .undecidable, "The log of the group ends before the event's place.", next: look,
            "An earlier event waits for a decision, or others completed it without us."),
        ErrorArea.group.entry(
            "overtaken", .conflict, "Another event stands at the place.", next: "kelmark kel show GROUP",
            "The group has decided otherwise."),
        ErrorArea.group.entry(
            "prior-mismatch", .denied, "The event does not continue the group's log.", next: "kelmark kel show GROUP",
            "It names another event before it than the one that stands there."),
        ErrorArea.group.entry(
            "conflict", .conflict, "Our member has agreed to another event for the same place.", next: look,
            "Whoever signs two events for one place makes a contradiction possible that everybody sees. Only when all "
                + "members agree to let the first one go can it be withdrawn."),
        ErrorArea.group.entry(
            "no-place", .denied, "Our member is not among those who sign.", next: look,
            "Members of the next rotation alone have no key in the event."),
    ]

    private static let groupRequests: [ErrorEntry] = [
        ErrorArea.group.entry(
            "other-members", .denied, "Other members sign than expected, or in another order.", next: look,
            "Nothing was signed for it."),
        ErrorArea.group.entry(
            "other-next-members", .denied, "Other members rotate next than expected, or in another order.", next: look,
            "Nothing was signed for it."),
        ErrorArea.group.entry(
            "other-threshold", .denied, "The signing threshold is not the expected one.", next: look,
            "Nothing was signed for it."),
        ErrorArea.group.entry(
            "other-next-threshold", .denied, "The next threshold is not the expected one.", next: look,
            "Nothing was signed for it."),
        ErrorArea.group.entry(
            "other-witnesses", .denied, "Witnesses or their threshold are not the expected ones.", next: look,
            "Nothing was signed for it."),
        ErrorArea.group.entry(
            "other-delegator", .denied, "The delegator is not the expected one.", next: look,
            "Nothing was signed for it."),
        ErrorArea.group.entry(
            "other-anchors", .denied, "The anchored data are not the expected ones.", next: look,
            "Nothing was signed for it."),
        ErrorArea.group.entry(
            "proposal-unknown", .notFound, "There is no such proposal.", next: look,
            "It may not have arrived yet, or was settled long ago."),
        ErrorArea.group.entry(
            "proposal-settled", .conflict, "The proposal is settled.", next: "kelmark kel show GROUP",
            "It was declined, overtaken by another event, or stands in the log."),
        ErrorArea.group.entry(
            "name-missing", .usage, "The new group needs a name.", next: look,
            "Every AID of the wallet has one; it is for this wallet only."),
        ErrorArea.group.entry(
            "book-damaged", .failure, "What is kept about groups can't be read back.", next: "kelmark doctor",
            "The file was altered or damaged. Restore it from a copy."),
        ErrorArea.group.entry(
            "book-too-new", .conflict, "What is kept about groups was written by a newer version.",
            next: "kelmark version", "Use that version or a later one."),
    ]

    static let post: [ErrorEntry] = [
        ErrorArea.post.entry(
            "no-address", .notFound, "Nobody has said where messages for the AID can be left.", next: fetch,
            "Its witnesses keep a mailbox for it; their own introductions tell where they listen."),
        ErrorArea.post.entry(
            "not-taken", .undecidable, "None of the recipient's endpoints took the message.",
            next: "the same command again", "The cause tells what each of them answered. It is tried again later."),
        ErrorArea.post.entry(
            "unread", .undecidable, "No mailbox could be read.", next: "kelmark mail fetch --wait 60",
            "The witnesses that keep them do not answer. Nothing is lost: they keep what has not been read."),
    ]
}
