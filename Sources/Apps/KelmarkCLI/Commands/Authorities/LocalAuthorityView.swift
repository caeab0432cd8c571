// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import KelmarkBytes

/// Keys of an issuer as SPIRE's tools print them.
enum LocalAuthorityView {
    /// `X.509` or `JWT`.
    static func title(_ kind: LocalAuthorityKind) -> String { kind == .x509 ? "X.509" : "JWT" }

    /// A key as lines below its title.
    static func lines(_ kind: LocalAuthorityKind, _ authority: AuthorityRecord) -> [String] {
        var lines = [
            printable("  Authority ID: \(authority.id)"), "  Expires at: \(SPIREText.time(authority.expiresAt))",
        ]
        if kind == .x509 {
            lines.append(
                printable(
                    "  Upstream authority ID: "
                        + (authority.upstreamID.isEmpty ? "No upstream authority" : authority.upstreamID)))
            // Below a root that others share nothing can be proven, and whoever looks at the key should know.
            if !authority.upstreamID.isEmpty { lines.append("  Grade: claimed") }
        }
        return lines
    }

    /// A key as the API's JSON, and `grade` where it has an authority above it.
    static func json(_ authority: AuthorityRecord) -> OrderedValue {
        var map: OrderedMap = [
            "authority_id": .text(authority.id), "expires_at": SPIREJSON.integer(authority.expiresAt),
            "upstream_authority_subject_key_id": .text(authority.upstreamID),
        ]
        if !authority.upstreamID.isEmpty { map["grade"] = "claimed" }
        return .map(map)
    }

    /// A key to which something was done.
    /// - Parameters:
    ///   - participle: `prepared`, `activated`, `tainted` or `revoked`.
    static func done(_ participle: String, _ kind: LocalAuthorityKind, _ authority: AuthorityRecord) -> Answer {
        let word = participle.prefix(1).uppercased() + participle.dropFirst()
        return Answer(
            json: ["\(participle)_authority": json(authority)],
            text: ["\(word) \(title(kind)) authority:"] + lines(kind, authority))
    }

    /// All keys of a kind.
    static func states(_ kind: LocalAuthorityKind, _ states: AuthorityStates) -> Answer {
        var json: OrderedMap = [:]
        var text: [String] = []
        for (word, authority) in [("active", states.active), ("prepared", states.prepared), ("old", states.old)] {
            if !text.isEmpty { text.append("") }
            text.append("\(word.prefix(1).uppercased() + word.dropFirst()) \(title(kind)) authority:")
            if let authority {
                json[word] = self.json(authority)
                text += lines(kind, authority)
            } else {
                text.append("  No \(word) \(title(kind)) authority found")
            }
        }
        return Answer(json: json, text: text)
    }
}
