// SPDX-License-Identifier: Apache-2.0

public import KERI
public import KelmarkBytes
public import SPIFFE

/// What an authority credential allows its issuer. `03-binding.md`, section 2.
public struct AuthorityLimits: Hashable, Sendable {
    /// Most path prefixes or bindings of one credential.
    public static let mostPaths = 64
    /// Most live keys that a credential may allow.
    public static let mostKeysEver = 64
    /// Longest lifetime that a credential may allow, in seconds: ten years.
    public static let longestLifetime: Int64 = 10 * 365 * 86_400

    /// A path that belongs to a service's own AID.
    public struct Binding: Hashable, Sendable {
        /// The path.
        public let path: String
        /// The AID of the service.
        public let service: AID

        /// Joins the two.
        public init(path: String, service: AID) {
            self.path = path
            self.service = service
        }
    }

    /// Where in the trust domain the issuer may name workloads (`pathPrefixes`).
    public let pathPrefixes: [PathPrefix]
    /// What its keys may sign (`svidTypes`).
    public let svidTypes: [AuthorityStatement.Kind]
    /// Longest lifetime of an X.509-SVID in seconds (`maxX509TTL`), from its first to its last moment.
    public let longestX509: Int64
    /// Longest lifetime of a JWT-SVID in seconds (`maxJWTTL`).
    public let longestJWT: Int64
    /// How many of its keys may be live at one time (`maxKeys`).
    public let mostKeys: Int
    /// Whether it may authorise one issuer below itself (`downstream`).
    public let allowsDownstream: Bool
    /// Paths that belong to services (`bindings`), nil when the credential has no such member.
    public let bindings: [Binding]?

    /// Joins limits.
    /// - Throws: ``AuthorityCredentialError`` with the member whose value breaks the rules.
    public init(
        pathPrefixes: [PathPrefix] = [.all], svidTypes: [AuthorityStatement.Kind] = [.x509], longestX509: Int64,
        longestJWT: Int64, mostKeys: Int, allowsDownstream: Bool = false, bindings: [Binding]? = nil
    ) throws(AuthorityCredentialError) {
        guard (1...Self.mostPaths).contains(pathPrefixes.count), Set(pathPrefixes).count == pathPrefixes.count else {
            throw AuthorityCredentialError(.value, "pathPrefixes")
        }
        guard !svidTypes.isEmpty, Set(svidTypes).count == svidTypes.count else {
            throw AuthorityCredentialError(.value, "svidTypes")
        }
        guard (1...Self.longestLifetime).contains(longestX509) else {
            throw AuthorityCredentialError(.value, "maxX509TTL")
        }
        guard (1...Self.longestLifetime).contains(longestJWT) else {
            throw AuthorityCredentialError(.value, "maxJWTTL")
        }
        guard (1...Self.mostKeysEver).contains(mostKeys) else { throw AuthorityCredentialError(.value, "maxKeys") }
        if let bindings {
            guard bindings.count <= Self.mostPaths, Set(bindings.map(\.path)).count == bindings.count,
                bindings.allSatisfy({ $0.path != "/" && PathPrefix($0.path) != nil })
            else { throw AuthorityCredentialError(.value, "bindings") }
        }
        self.pathPrefixes = pathPrefixes
        self.svidTypes = svidTypes
        self.longestX509 = longestX509
        self.longestJWT = longestJWT
        self.mostKeys = mostKeys
        self.allowsDownstream = allowsDownstream
        self.bindings = bindings
    }

    // MARK: Members

    /// The members as they stand in the attributes of a credential, behind `trustDomain`.
    public var members: OrderedMap {
        var map: OrderedMap = [
            "pathPrefixes": .list(pathPrefixes.map { .text($0.description) }),
            "svidTypes": .list(svidTypes.map { .text($0.rawValue) }), "maxX509TTL": OrderedValue(longestX509),
            "maxJWTTL": OrderedValue(longestJWT), "maxKeys": OrderedValue(mostKeys),
            "downstream": .boolean(allowsDownstream),
        ]
        if let bindings {
            var services = OrderedMap()
            for binding in bindings { services[binding.path] = .text(binding.service.text) }
            map["bindings"] = .map(services)
        }
        return map
    }

    /// Reads the members out of the attributes of a credential.
    init(attributes map: OrderedMap) throws(AuthorityCredentialError) {
        func wrong(_ member: String) -> AuthorityCredentialError { AuthorityCredentialError(.value, member) }
        func texts(_ member: String) throws(AuthorityCredentialError) -> [String] {
            guard let list = map[member]?.listValue, list.count <= Self.mostPaths else { throw wrong(member) }
            let texts = list.compactMap(\.textValue)
            guard texts.count == list.count else { throw wrong(member) }
            return texts
        }
        func number(_ member: String) throws(AuthorityCredentialError) -> Int {
            guard let value = map[member]?.integerValue else { throw wrong(member) }
            return value
        }
        let paths = try texts("pathPrefixes")
        let prefixes = paths.compactMap(PathPrefix.init)
        guard prefixes.count == paths.count else { throw wrong("pathPrefixes") }
        let names = try texts("svidTypes")
        let types = names.compactMap(AuthorityStatement.Kind.init(rawValue:))
        guard types.count == names.count else { throw wrong("svidTypes") }
        guard let downstream = map["downstream"]?.booleanValue else { throw wrong("downstream") }
        var bindings: [Binding]?
        if let value = map["bindings"] {
            guard let services = value.mapValue else { throw wrong("bindings") }
            var found: [Binding] = []
            for member in services.members {
                guard let service = member.value.textValue.flatMap({ AID($0) }) else { throw wrong("bindings") }
                found.append(Binding(path: member.label, service: service))
            }
            bindings = found
        }
        try self.init(
            pathPrefixes: prefixes, svidTypes: types, longestX509: Int64(try number("maxX509TTL")),
            longestJWT: Int64(try number("maxJWTTL")), mostKeys: try number("maxKeys"), allowsDownstream: downstream,
            bindings: bindings)
    }

    // MARK: Rules

    /// In what an X.509-SVID oversteps the limits; empty when it lies within them.
    public func faults(ofX509 id: SPIFFEID, notBefore: CertificateTime, notAfter: CertificateTime) -> [Reason] {
        faults(of: id, .x509, lifetime: notAfter.seconds - notBefore.seconds, atMost: longestX509)
    }

    /// In what a JWT-SVID oversteps the limits; empty when it lies within them.
    public func faults(ofJWT id: SPIFFEID, notBefore: CertificateTime, notAfter: CertificateTime) -> [Reason] {
        faults(of: id, .jwt, lifetime: notAfter.seconds - notBefore.seconds, atMost: longestJWT)
    }

    private func faults(of id: SPIFFEID, _ type: AuthorityStatement.Kind, lifetime: Int64, atMost longest: Int64)
        -> [Reason]
    {
        var faults: [Reason] = []
        if !svidTypes.contains(type) {
            faults.append(Reason("limit-type", type == .x509 ? "no X.509-SVIDs" : "no JWT-SVIDs"))
        }
        if !pathPrefixes.contains(where: { $0.contains(id.path) }) {
            let allowed = pathPrefixes.map(\.description).joined(separator: " ")
            faults.append(Reason("limit-path", "\(id.path) is not below \(allowed)"))
        }
        if lifetime > longest {
            faults.append(Reason("limit-lifetime", "\(lifetime) s are longer than \(longest) s"))
        }
        return faults
    }
}

extension AuthorityLimits: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        var words = [
            "paths " + pathPrefixes.map(\.description).joined(separator: " "),
            "types " + svidTypes.map(\.rawValue).joined(separator: " "),
        ]
        if svidTypes.contains(.x509) { words.append("X.509-SVIDs up to \(longestX509) s") }
        if svidTypes.contains(.jwt) { words.append("JWT-SVIDs up to \(longestJWT) s") }
        words.append("live keys \(mostKeys)")
        words.append(allowsDownstream ? "one issuer below" : "no issuer below")
        if let bindings, !bindings.isEmpty { words.append("bound paths \(bindings.count)") }
        return words.joined(separator: ", ")
    }
}
