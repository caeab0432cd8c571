// SPDX-License-Identifier: Apache-2.0

// Errors of the commands that speak to a running issuer or node agent.

extension ErrorCatalog {
    static let administration: [ErrorEntry] = [
        ErrorArea.administration.entry(
            "unreachable", .undecidable, "No issuer answers at the socket.", next: "kelmark issuer serve --help",
            "The issuer is not running, listens elsewhere (--socket-path), or its socket is not yours to open: only the "
                + "user that runs it may."),
        ErrorArea.administration.entry(
            "unavailable", .undecidable, "The issuer can't answer now.", next: "kelmark healthcheck",
            "It is starting or stopping, or something that it needs is away. The same command may work in a moment."),
        ErrorArea.administration.entry(
            "timeout", .undecidable, "The issuer has not answered in time.", next: "kelmark healthcheck",
            "What was asked may have been done all the same: look before asking again."),
        ErrorArea.administration.entry(
            "busy", .undecidable, "The issuer has more to do than it takes on.", next: "the same command again",
            "Its limits protect it from its callers. Ask again later, or for less at once."),
        ErrorArea.administration.entry(
            "denied", .denied, "The issuer refuses this caller.", next: "id",
            "Calls at the socket are allowed to whom the issuer runs as; over the network to administrators only."),
        ErrorArea.administration.entry(
            "invalid", .usage, "The issuer says that the request is wrong.", next: "the command with --help",
            "The cause has the issuer's words: which field it is and what is wrong with it."),
        ErrorArea.administration.entry(
            "not-found", .notFound, "The issuer has no such thing.", next: "the list command of the same group",
            "It may have been deleted, or it has another name. The list commands show what there is."),
        ErrorArea.administration.entry(
            "exists", .conflict, "The issuer has such a thing already.", next: "the list command of the same group",
            "An entry with the same SPIFFE ID, parent and selectors is similar, whatever else it says: update it instead."
        ),
        ErrorArea.administration.entry(
            "conflict", .conflict, "The issuer can't do this in the state it is in.",
            next: "kelmark localauthority x509 show",
            "The cause says what stands in the way: an order of steps that was not kept, or somebody else's change."),
        ErrorArea.administration.entry(
            "not-served", .notFound, "The server has no such call.", next: "kelmark version",
            "It is another server, or an older one. Some calls are for other kinds of SVIDs than it issues."),
        ErrorArea.administration.entry(
            "failed", .failure, "Something failed inside the issuer.", next: "look at the issuer's log",
            "The cause has what the issuer tells; its log has the detail under the same request."),
        ErrorArea.administration.entry(
            "answer", .failure, "The issuer's answer can't be read.", next: "kelmark version",
            "Something else than an issuer listens at the socket, or a newer one."),
        ErrorArea.administration.entry(
            "unhealthy", .undecidable, "The server says that it can't serve.", next: "look at the server's log",
            "It answers, but something that it needs does not work."),
        ErrorArea.administration.entry(
            "bundle-findings", .denied, "The bundle is not what it should be.", next: "kelmark bundle show",
            "Each finding names an authority and what is wrong: not valid now, no authority, another trust domain, or "
                + "not the issuer's."),
    ]

    static let workload: [ErrorEntry] = [
        ErrorArea.workload.entry(
            "address", .usage, "The address names no Workload API.",
            next: "export SPIFFE_ENDPOINT_SOCKET=unix:///run/kelmark/workload.sock",
            "It is unix: and an absolute path, or tcp: with an IP address and a port; nothing else."),
        ErrorArea.workload.entry(
            "unreachable", .undecidable, "No agent answers at the socket.", next: "kelmark agent serve --help",
            "The node agent is not running, or listens elsewhere: --socket-path or SPIFFE_ENDPOINT_SOCKET say where."),
        ErrorArea.workload.entry(
            "no-identity", .denied, "There is no identity for this caller.", next: "kelmark entry list",
            "No entry under this node matches what the agent found of the process. A new entry reaches agents within "
                + "seconds; the agent's log says which selectors it found."),
        ErrorArea.workload.entry(
            "refused", .usage, "The agent says that the request is wrong.", next: "the command with --help",
            "The cause has the agent's words. The same request will be refused again."),
        ErrorArea.workload.entry(
            "unavailable", .undecidable, "The agent can't answer now.", next: "kelmark healthcheck --agent",
            "It is starting, its issuer is away and nothing is kept, or the process could not be examined."),
        ErrorArea.workload.entry(
            "not-served", .notFound, "The agent does not serve this kind of identity.",
            next: "kelmark workload fetch x509",
            "X.509-SVIDs and JWT-SVIDs are served, as far as the agent's configuration allows it."),
        ErrorArea.workload.entry(
            "failed", .failure, "Something failed inside the agent.", next: "look at the agent's log",
            "The cause has what the agent tells; its log has the detail."),
        ErrorArea.workload.entry(
            "answer", .failure, "The agent's answer can't be read.", next: "kelmark version",
            "Something else than a Workload API listens at the socket, or what it sends is damaged."),
        ErrorArea.workload.entry(
            "token", .denied, "The token is not valid.", next: "kelmark workload fetch jwt --audience NAME",
            "The cause says why: another audience, expired, an unknown key, a wrong signature. A program must refuse it."
        ),
    ]
}
