// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
public import KelmarkBytes
private import KelmarkCrypto

/// The DID document of an AID, derived from its key state and from signed statements of where its endpoints are; nothing
/// in it is anybody's unsigned word (facts 13.12).
///
/// The same key state and replies give the same bytes.
public struct DIDDocument: Sendable, Hashable {
    /// Whose document it is.
    public let did: DecentralizedIdentifier
    /// The members: `id controller verificationMethod authentication assertionMethod service alsoKnownAs`.
    public let content: OrderedMap
    /// Whether the AID was abandoned: its keys stay listed, but nobody may rely on them any more.
    public let isDeactivated: Bool
    /// The latest event that the document rests on.
    public let asOf: EventSeal

    /// An endpoint that the controller of an AID named, at a place that the endpoint itself named.
    public struct Service: Sendable, Hashable {
        /// The AID of the endpoint.
        public let endpoint: AID
        /// What it does for the AID, such as `witness` or `agent`.
        public let role: String
        /// Scheme and URL, in order of the schemes.
        public let urls: [String: String]

        /// Collects the three.
        public init(endpoint: AID, role: String, urls: [String: String]) {
            self.endpoint = endpoint
            self.role = role
            self.urls = urls
        }
    }

    /// Derives the document.
    ///
    /// - Parameters:
    ///   - did: the DID; it must be of the AID of the state.
    ///   - state: the key state.
    ///   - services: its endpoints, from ``services(of:in:)``.
    /// - Throws: ``DIDError``.
    public init(_ did: DecentralizedIdentifier, state: KeyState, services: [Service] = []) throws(DIDError) {
        guard did.aid == state.aid else {
            throw DIDError(.anotherAID, "\(did) is not the DID of \(state.aid)")
        }
        self.did = did
        asOf = EventSeal(aid: state.aid, sn: state.sn, said: state.said)
        isDeactivated = !state.isTransferable && !state.aid.isNonTransferable
        let name = did.description
        var methods: [OrderedValue] = []
        for key in state.keys {
            methods.append([
                "id": .text("#\(key)"), "type": "JsonWebKey", "controller": .text(name),
                "publicKeyJwk": try Self.jsonWebKey(key),
            ])
        }
        var proving = state.keys.map { OrderedValue.text("#\($0)") }
        let conditions = Self.conditions(of: state, name)
        if !conditions.isEmpty {
            methods += conditions
            proving = [.text("#\(state.aid)")]
        }
        if isDeactivated { proving = [] }
        content = [
            "id": .text(name), "controller": .text(name), "verificationMethod": .list(methods),
            "authentication": .list(proving), "assertionMethod": .list(proving),
            "service": .list(services.sorted { ($0.role, $0.endpoint) < ($1.role, $1.endpoint) }.map(Self.service)),
            "alsoKnownAs": .list(did.alsoKnownAs.map { .text($0) }),
        ]
    }

    /// The document as JSON.
    /// - Throws: ``DIDError`` when a URL has characters that JSON can't hold.
    public var json: [UInt8] {
        get throws(DIDError) { try Self.json(content) }
    }

    /// The metadata of a resolution: the version, and whether the AID was abandoned.
    public var metadata: OrderedMap {
        ["versionId": .text(String(asOf.sn.value)), "deactivated": .boolean(isDeactivated)]
    }

    static func json(_ content: OrderedMap) throws(DIDError) -> [UInt8] {
        do { return try content.encoded(as: .json) } catch { throw DIDError(.documentUnreadable, "\(error)") }
    }

    // MARK: Keys

    /// A key as a JSON Web Key (RFC 7517, RFC 8037, RFC 8812).
    private static func jsonWebKey(_ key: VerificationKey) throws(DIDError) -> OrderedValue {
        func text(_ bytes: [UInt8]) -> OrderedValue { .text(Base64URL.encodedString(bytes.span)) }
        let curve: OrderedValue
        switch key.algorithm {
        case .ed25519:
            return ["kid": .text(key.text), "kty": "OKP", "crv": "Ed25519", "x": text(key.primitive.raw)]
        case .secp256k1: curve = "secp256k1"
        case .secp256r1: curve = "P-256"
        }
        guard let point = key.algorithm.coordinates(ofPublicKey: key.primitive.span) else {
            throw DIDError(.unsupportedKey, "\(key) can't be written as a JSON Web Key by this build")
        }
        return ["kid": .text(key.text), "kty": "EC", "crv": curve, "x": text(point.x), "y": text(point.y)]
    }

    /// The threshold as methods of type `ConditionalProof2022`; none when any key suffices.
    private static func conditions(of state: KeyState, _ name: String) -> [OrderedValue] {
        func method(_ id: String, _ members: OrderedMap) -> OrderedValue {
            var map: OrderedMap = ["id": .text(id), "type": "ConditionalProof2022", "controller": .text(name)]
            for member in members.members { map[member.label] = member.value }
            return .map(map)
        }
        let id = "#\(state.aid)"
        if let number = state.signingThreshold.number {
            guard number > 1 else { return [] }
            return [
                method(
                    id,
                    [
                        "threshold": OrderedValue(number),
                        "conditionThreshold": .list(state.keys.map { .text("#\($0)") }),
                    ])
            ]
        }
        guard let clauses = state.signingThreshold.weights else { return [] }
        var first = 0
        let weighted = clauses.map { clause -> OrderedMap in
            let fractions = clause.map(Fraction.init)
            let unit = fractions.reduce(1) { Fraction.leastCommonMultiple($0, $1.denominator) }
            let conditions = zip(state.keys.dropFirst(first), fractions).map { key, fraction -> OrderedValue in
                [
                    "condition": .text("#\(key)"),
                    "weight": OrderedValue(fraction.numerator * (unit / fraction.denominator)),
                ]
            }
            first += clause.count
            // The weights must reach one whole. Half of it, as a draft of did:webs says, would let too few keys sign.
            return ["threshold": OrderedValue(unit), "conditionWeightedThreshold": .list(conditions)]
        }
        if weighted.count == 1 { return [method(id, weighted[0])] }
        let parts = weighted.indices.map { "\(id)/\($0)" }
        return [method(id, ["conditionAnd": .list(parts.map { .text($0) })])]
            + zip(parts, weighted).map { method($0, $1) }
    }

    /// A weight of a threshold: `0`, `1` or `n/d` in lowest terms, whose sums fit 64 bits when the threshold was read.
    private struct Fraction {
        let numerator: UInt64
        let denominator: UInt64

        init(_ text: String) {
            let parts = text.split(separator: "/")
            numerator = parts.first.flatMap { UInt64($0) } ?? 0
            denominator = max(1, parts.count == 2 ? UInt64(parts[1]) ?? 1 : 1)
        }

        static func leastCommonMultiple(_ one: UInt64, _ other: UInt64) -> UInt64 {
            var (high, low) = (one, other)
            while low != 0 { (high, low) = (low, high % low) }
            return one / max(high, 1) * other
        }
    }

    // MARK: Services

    private static func service(_ service: Service) -> OrderedValue {
        var urls = OrderedMap()
        for (scheme, url) in service.urls.sorted(by: { $0.key < $1.key }) { urls[scheme] = .text(url) }
        return [
            "id": .text("#\(service.endpoint)/\(service.role)"), "type": .text(service.role),
            "serviceEndpoint": .map(urls),
        ]
    }

    /// The endpoints of an AID: its witnesses, and those that it gave a role, each where it says itself that it is
    /// (facts 9.3).
    /// - Throws: ``StoreError``.
    public static func services<Transaction: KeyEventTransaction>(
        of state: KeyState, in transaction: Transaction
    ) throws -> [Service] {
        var roles = state.witnesses.map { (endpoint: $0, role: "witness") }
        for reply in try transaction.replies(of: state.aid)
        where reply.key.route == "/end/role" && reply.value == "true" {
            let parts = reply.key.detail.split(separator: "/")
            guard parts.count == 2, let endpoint = AID(String(parts[1])) else { continue }
            let role = String(parts[0])
            if !roles.contains(where: { $0 == (endpoint, role) }) { roles.append((endpoint, role)) }
        }
        return try roles.compactMap { endpoint, role in
            var urls: [String: String] = [:]
            for reply in try transaction.replies(of: endpoint)
            where reply.key.route == "/loc/scheme" && !reply.value.isEmpty {
                urls[reply.key.detail] = reply.value
            }
            return urls.isEmpty ? nil : Service(endpoint: endpoint, role: role, urls: urls)
        }
    }
}
