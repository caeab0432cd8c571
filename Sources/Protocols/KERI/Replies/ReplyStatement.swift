// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

/// What a reply says, by its route (facts 9.3).
struct ReplyStatement {
    /// Under what it is kept.
    let key: ReplyKey
    /// Who must have signed it.
    let signer: AID
    /// What is kept.
    let value: String

    /// Roles of an endpoint (facts 9.3).
    static let roles: Set<String> = [
        "controller", "witness", "registrar", "watcher", "judge", "juror", "peer", "mailbox", "agent", "gateway",
        "indexer",
    ]
    /// Schemes of an endpoint.
    static let schemes: Set<String> = ["tcp", "http", "https"]

    init(_ reply: Reply) throws(Rejection) {
        let payload = reply.payload
        switch reply.route {
        case "/end/role/add", "/end/role/cut":
            guard let controller = payload.aid("cid"), let endpoint = payload.aid("eid"),
                let role = payload.text("role"), Self.roles.contains(role)
            else { throw .badPayload }
            key = ReplyKey(route: "/end/role", aid: controller, detail: "\(role)/\(endpoint)")
            signer = controller
            value = reply.route == "/end/role/add" ? "true" : "false"
        case "/loc/scheme":
            guard let endpoint = payload.aid("eid"), let scheme = payload.text("scheme"),
                Self.schemes.contains(scheme), let url = payload.text("url"), Self.url(url, fits: scheme)
            else { throw .badPayload }
            key = ReplyKey(route: reply.route, aid: endpoint, detail: scheme)
            signer = endpoint
            value = url
        default:
            guard reply.route.hasPrefix("/ksn/"), let source = AID(String(reply.route.dropFirst(5))) else {
                throw .unknownRoute
            }
            guard let subject = payload.aid("i"), let said = payload.text("d"), SAID(said) != nil else {
                throw .badPayload
            }
            key = ReplyKey(route: "/ksn", aid: subject, detail: source.text)
            signer = source
            value = said
        }
    }

    /// An empty URL takes the endpoint back; another one must not name a different scheme.
    private static func url(_ url: String, fits scheme: String) -> Bool {
        guard let colon = url.firstIndex(of: ":") else { return true }
        return url[..<colon] == scheme
    }
}
