// SPDX-License-Identifier: Apache-2.0

internal import KERI

// Errors of introductions, deliveries and whatever else crosses a network.

extension ErrorCatalog {
    static let introductions: [ErrorEntry] = [
        ErrorArea.introduction.entry(
            "malformed", .usage, "The URL is no introduction.", next: "kelmark oobi resolve --help",
            "An introduction is http or https, a host, and /oobi, /oobi/AID, /oobi/AID/role or /oobi/AID/role/AID."),
        ErrorArea.introduction.entry(
            "none", .notFound, "Nobody is known who introduces the AID.",
            next: "kelmark oobi resolve http://WITNESS:PORT/oobi",
            "Its witnesses introduce an AID. Where a witness listens is learnt from its own introduction."),
        ErrorArea.introduction.entry(
            "unreachable", .undecidable, "Nobody answers at the URL.", next: "the same command again",
            "The name is unknown, the connection was refused or broken off, or the answer took too long. It was tried "
                + "several times."),
        ErrorArea.introduction.entry(
            "refused", .undecidable, "The peer answers with an error.", next: "the same command again",
            "A witness answers 404 until it knows the log and the latest event has its receipts, 406 when it is no "
                + "witness of the AID."),
        ErrorArea.introduction.entry(
            "not-a-log", .denied, "The answer is no stream of KERI messages.", next: "curl -i URL",
            "Something else listens there, or a proxy answers in its place. Nothing was kept."),
        ErrorArea.introduction.entry(
            "forged-data", .denied, "The answer is data, but not what the URL names.", next: "curl -i URL",
            "A document is named by its digest, or lists introductions of the AID in the URL. Nothing was kept."),
        ErrorArea.introduction.entry(
            "answers-another", .denied, "The answer is about another AID.", next: "ask again for the introduction",
            "The URL names one AID and the peer answers with the log of another. Nothing was kept."),
        ErrorArea.introduction.entry(
            "not-accepted", .undecidable, "The log in the answer was not accepted.", next: "kelmark waiting",
            "The answer holds no log of the AID, or one that waits for receipts, signatures or a delegator, or one that "
                + "breaks the rules; the cause says which."),
        ErrorArea.introduction.entry(
            "not-a-witness", .denied, "Who introduces the AID is none of its witnesses.",
            next: "ask for an introduction by another witness",
            "The log is known now and names other witnesses. Its owner may have changed them since."),
    ]

    static let watchers: [ErrorEntry] = [
        ErrorArea.watcher.entry(
            "unreachable", .undecidable, "The watcher does not answer.", next: "kelmark watcher serve NAME:7632",
            "Nobody listens at the address, or the answer took too long. --watcher names another one."),
        ErrorArea.watcher.entry(
            "refused", .denied, "The watcher says no.", next: "kelmark watcher status",
            "The cause has its words. Only the machine that a watcher runs on may change what it follows."),
        ErrorArea.watcher.entry(
            "no-evidence", .notFound, "The watcher has proven nothing against the AID.", next: "kelmark watcher status",
            "Evidence exists when a controller, or a witness, has signed two things for one place."),
        ErrorArea.watcher.entry(
            "behind", .undecidable, "The watchers know less of the log than is here.", next: "kelmark id publish NAME",
            "The latest events have not reached the witnesses, or the watchers have not asked them since."),
        ErrorArea.watcher.entry(
            "no-quorum", .undecidable, "Too few watchers agree.", next: "kelmark watcher status AID --watcher URL",
            "Each answer must be signed, fresh, and say the same. The result tells why each of them does not count."),
    ]

    /// Why a file is no evidence of duplicity.
    static let evidence: [ErrorEntry] = EvidenceFault.Code.allCases.map { code in
        ErrorArea.evidence.entry(
            code.rawValue, .undecidable, "The file proves no duplicity: \(code.rawValue).",
            next: "kelmark inspect FILE",
            "The cause says where. What does not prove a contradiction by itself proves nothing.")
    }
}
