// SPDX-License-Identifier: Apache-2.0

internal import JOSE
public import KelmarkBytes

/// A bundle as it is published: a JWK Set with SPIFFE's own members. Facts (SPIFFE) 6.1 to 6.4.
///
/// A document does not name its trust domain: whoever reads one says whose it is.
public struct BundleDocument: Hashable, Sendable {
    /// What the document says.
    public let bundle: TrustBundle
    /// Why keys were left out, in the order of the document: unknown `use` or `kty`, no certificate. For the log.
    public let ignored: [String]

    /// Most bytes and values of a document: 1 MiB.
    public static let limits = Limits.jose

    /// Reads a document.
    ///
    /// What the standard says to ignore is ignored: unknown members, keys of unknown `use` or kind, X.509 entries
    /// without a certificate, certificates behind the first. What is broken fails the document as a whole.
    /// - Throws: ``BundleError``.
    public init(
        parsing json: [UInt8], trustDomain: TrustDomain, limits: Limits = limits
    ) throws(BundleError) {
        guard json.count <= limits.bodyBytes else { throw BundleError(.tooLarge) }
        guard let value = try? OrderedValue(parsingJSON: json.span, strictness: .interoperable, limits: limits),
            let members = value.mapValue
        else { throw BundleError(.malformed) }
        try self.init(members, trustDomain: trustDomain)
    }

    init(_ members: OrderedMap, trustDomain: TrustDomain) throws(BundleError) {
        guard let keys = members["keys"]?.listValue else { throw BundleError(.keysMissing) }
        guard keys.count <= JWKSet.mostKeys else { throw BundleError(.tooManyKeys) }
        var reader = EntryReader()
        for (index, element) in keys.enumerated() { try reader.read(element, at: index) }
        bundle = try TrustBundle(
            trustDomain: trustDomain, x509Authorities: reader.x509, jwtAuthorities: reader.jwt,
            witAuthorities: reader.wit, sequence: try Self.sequence(members["spiffe_sequence"]),
            refreshHint: try Self.refreshHint(members["spiffe_refresh_hint"]))
        ignored = reader.ignored
    }

    private static func sequence(_ value: OrderedValue?) throws(BundleError) -> UInt64? {
        guard let value else { return nil }
        guard case .integer(let text) = value, let number = UInt64(text) else { throw BundleError(.sequence) }
        return number
    }

    static func refreshHint(_ value: OrderedValue?) throws(BundleError) -> Int64? {
        guard let value else { return nil }
        // Whether it is negative, the bundle itself judges.
        guard case .integer(let text) = value, let number = Int64(text) else { throw BundleError(.refreshHint) }
        return number
    }

    /// The document of a bundle, with SPIRE's order of members: X.509 entries, then keys of tokens.
    ///
    /// Equal bundles give equal bytes. `wit-svid` keys are left out unless asked for: SPIRE before 1.15.3 refuses a whole
    /// document with them.
    public static func encode(_ bundle: TrustBundle, types: Set<SVIDType> = [.x509, .jwt]) -> [UInt8] {
        var keys: [OrderedValue] = []
        if types.contains(.x509) {
            for authority in bundle.x509Authorities {
                // A certificate is only kept when its key was read.
                guard let key = try? PublicKey(subjectPublicKeyInfo: authority.certificate.subjectPublicKeyInfo) else {
                    continue
                }
                let entry = JWK(key: key, use: SVIDType.x509.rawValue, certificates: [authority.certificate.der])
                keys.append(.map(entry.members))
            }
        }
        for (type, authorities) in [(SVIDType.jwt, bundle.jwtAuthorities), (.wit, bundle.witAuthorities)]
        where types.contains(type) {
            for authority in authorities {
                keys.append(.map(JWK(key: authority.key, keyID: authority.keyID, use: type.rawValue).members))
            }
        }
        var document = OrderedMap()
        document["keys"] = .list(keys)
        document["spiffe_sequence"] = bundle.sequence.map { OrderedValue($0) }
        document["spiffe_refresh_hint"] = bundle.refreshHint.map { OrderedValue($0) }
        // Text and integers, three deep: the writer refuses nothing of that.
        return (try? document.encoded(as: .json)) ?? []
    }
}

/// Sorts the entries of `keys`.
private struct EntryReader {
    var x509: [X509Authority] = []
    var jwt: [TokenAuthority] = []
    var wit: [TokenAuthority] = []
    var ignored: [String] = []

    mutating func read(_ element: OrderedValue, at index: Int) throws(BundleError) {
        guard let members = element.mapValue else { throw BundleError(.key, "keys[\(index)]") }
        guard let type = (members["use"]?.textValue).flatMap(SVIDType.init(rawValue:)) else {
            ignored.append("keys[\(index)]: use")
            return
        }
        let entry: JWK
        do {
            entry = try JWK(type == .x509 ? Self.firstCertificateOnly(members) : members)
        } catch {
            guard error.isUnsupported else { throw BundleError(.key, "keys[\(index)]: \(error)") }
            ignored.append("keys[\(index)]: \(error.code.rawValue)")
            return
        }
        switch type {
        case .x509: try readCertificate(entry, at: index)
        case .jwt:
            if let authority = try readKey(entry, at: index) { jwt.append(authority) }
        case .wit:
            if let authority = try readKey(entry, at: index) { wit.append(authority) }
        }
    }

    /// Values of `x5c` behind the first are not looked at, so that they can't fail the document.
    private static func firstCertificateOnly(_ members: OrderedMap) -> OrderedMap {
        guard let list = members["x5c"]?.listValue else { return members }
        var members = members
        members["x5c"] = .list(Array(list.prefix(1)))
        return members
    }

    private mutating func readCertificate(_ entry: JWK, at index: Int) throws(BundleError) {
        guard let der = entry.certificates?.first else {
            ignored.append("keys[\(index)]: x5c")
            return
        }
        let certificate: X509Certificate
        do {
            certificate = try X509Certificate(der: der)
        } catch {
            throw BundleError(.certificate, "keys[\(index)]: \(error)")
        }
        guard (try? PublicKey(subjectPublicKeyInfo: certificate.subjectPublicKeyInfo)) == entry.key else {
            throw BundleError(.certificateKey, "keys[\(index)]")
        }
        x509.append(X509Authority(certificate))
    }

    private mutating func readKey(_ entry: JWK, at index: Int) throws(BundleError) -> TokenAuthority? {
        guard let id = entry.keyID else { throw BundleError(.keyIDMissing, "keys[\(index)]") }
        guard JWSAlgorithm.usual(for: entry.key.kind) != nil else {
            ignored.append("keys[\(index)]: kty")
            return nil
        }
        return try TokenAuthority(keyID: id, key: entry.key)
    }
}
