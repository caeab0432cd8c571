// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Where the bundle of a foreign trust domain comes from. Facts (SPIFFE) 7.1.
///
/// Name, URL and profile are three settings of their own: none is inferred from another.
public struct FederationRelationship: Hashable, Sendable {
    /// How the endpoint proves that it is the one.
    public enum Profile: Hashable, Sendable {
        /// By a certificate of a public authority for the host of the URL.
        case httpsWeb
        /// By an X.509-SVID of exactly this ID, judged by the bundle of the ID's trust domain.
        case httpsSPIFFE(SPIFFEID)
    }

    /// Whose bundle.
    public let trustDomain: TrustDomain
    /// Where it is served, `https`.
    public var endpointURL: String
    /// How the endpoint proves itself.
    public var profile: Profile

    /// Joins the settings.
    public init(trustDomain: TrustDomain, endpointURL: String, profile: Profile) {
        self.trustDomain = trustDomain
        self.endpointURL = endpointURL
        self.profile = profile
    }
}

/// A relationship as a caller sent it, unchecked.
public struct RelationshipDraft: Hashable, Sendable {
    /// A profile, unchecked.
    public enum Profile: Hashable, Sendable {
        /// As ``FederationRelationship/Profile/httpsWeb``.
        case httpsWeb
        /// As ``FederationRelationship/Profile/httpsSPIFFE(_:)``, with the text of an ID.
        case httpsSPIFFE(String)
    }

    /// By name or ID.
    public var trustDomain: String
    /// Where the bundle is served.
    public var endpointURL: String
    /// How the endpoint proves itself.
    public var profile: Profile?
    /// A bundle to begin with.
    public var bundle: BundleDraft?

    /// Collects the settings.
    public init(trustDomain: String, endpointURL: String, profile: Profile?, bundle: BundleDraft? = nil) {
        self.trustDomain = trustDomain
        self.endpointURL = endpointURL
        self.profile = profile
        self.bundle = bundle
    }
}

/// Members of a relationship: which of them an update changes, which an answer shows.
public struct RelationshipMask: OptionSet, Hashable, Sendable {
    /// One bit for each.
    public let rawValue: UInt8
    /// The set of these bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Where the bundle is served.
    public static let endpointURL = RelationshipMask(rawValue: 1 << 0)
    /// How the endpoint proves itself.
    public static let profile = RelationshipMask(rawValue: 1 << 1)
    /// The bundle.
    public static let bundle = RelationshipMask(rawValue: 1 << 2)
    /// Every member.
    public static let all: RelationshipMask = [.endpointURL, .profile, .bundle]
}

/// What makes a draft a relationship. Each refusal is `invalidArgument`.
struct RelationshipRules: Sendable {
    /// Most bytes of a URL.
    static let longestURL = 2048

    let identifiers: IdentifierRules

    /// The URL of an endpoint: `https`, a host, perhaps a port, a path and a query; nothing else.
    static func url(_ text: String) throws(IssuerError) -> String {
        func refused(_ why: String) -> IssuerError {
            IssuerError(.invalidArgument, "bundle endpoint URL is not valid: \(why)")
        }
        guard text.utf8.count <= longestURL else { throw refused("it is longer than \(longestURL) bytes") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw refused("it has characters of no URL") }
        guard text.utf8.starts(with: "https://".utf8) else { throw refused("scheme must be https") }
        guard !text.utf8.contains(UInt8(ascii: "#")) else { throw refused("it has a fragment") }
        let rest = text.dropFirst("https://".count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else { throw refused("it has user info") }
        let host: Substring
        let port: Substring?
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { throw refused("the host is not closed") }
            host = authority[..<close].dropFirst()
            let tail = authority[authority.index(after: close)...]
            guard tail.isEmpty || tail.first == ":" else { throw refused("the host is followed by other text") }
            port = tail.isEmpty ? nil : tail.dropFirst()
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { throw refused("it has several ports") }
            host = parts.first ?? ""
            port = parts.count == 2 ? parts[1] : nil
        }
        guard !host.isEmpty else { throw refused("host is missing") }
        if let port {
            guard let number = UInt16(port), number > 0, port.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
                throw refused("the port is no number up to 65535")
            }
        }
        return text
    }

    static func profile(_ draft: RelationshipDraft.Profile?) throws(IssuerError) -> FederationRelationship.Profile {
        switch draft {
        case nil: throw IssuerError(.invalidArgument, "bundle endpoint profile is missing")
        case .httpsWeb: return .httpsWeb
        case .httpsSPIFFE(let text):
            do {
                let id = try SPIFFEID(text)
                guard !id.isTrustDomainID else {
                    throw IssuerError(.invalidArgument, "endpoint SPIFFE ID has no path")
                }
                return .httpsSPIFFE(id)
            } catch let error as IssuerError {
                throw error
            } catch {
                throw IssuerError(.invalidArgument, "could not parse endpoint SPIFFE ID: \(error)")
            }
        }
    }

    /// The relationship of a draft, and the bundle that came with it.
    func relationship(
        _ draft: RelationshipDraft
    ) throws(IssuerError) -> (FederationRelationship, TrustBundle?) {
        let domain = try identifiers.foreignDomain(draft.trustDomain)
        let relationship = FederationRelationship(
            trustDomain: domain, endpointURL: try Self.url(draft.endpointURL), profile: try Self.profile(draft.profile))
        return (
            relationship, try draft.bundle.map { (bundle) throws(IssuerError) in try self.bundle(bundle, of: domain) }
        )
    }

    /// The bundle of a draft, if it is of the trust domain that it came with.
    func bundle(_ draft: BundleDraft, of domain: TrustDomain) throws(IssuerError) -> TrustBundle {
        let bundle = try draft.bundle(identifiers)
        guard bundle.trustDomain == domain else {
            throw IssuerError(
                .invalidArgument,
                "trust domain bundle (\"\(bundle.trustDomain)\") must match the trust domain of the federation "
                    + "relationship (\"\(domain)\")")
        }
        return bundle
    }
}
