// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import KelmarkBytes
internal import SPIFFE

// The form of the ledger: JSON, our own, with a version. Bytes are base64url, times are seconds since 1970.

extension IssuerLedger {
    /// The newest form that this program reads, and the one that it writes.
    static let version = 2
    /// Most bytes of a ledger that are read.
    static let largest = 4 << 20

    /// The ledger as bytes. What could not be read back is not written.
    func encoded(atMost limit: Int = largest) throws(IssuerError) -> [UInt8] {
        var map: OrderedMap = ["version": OrderedValue(Self.version), "trustDomain": .text(bundle.trustDomain.name)]
        map["sequence"] = OrderedValue(bundle.sequence)
        if let hint = bundle.trustBundle.refreshHint { map["refreshHint"] = OrderedValue(hint) }
        map["x509Authorities"] = .list(
            bundle.trustBundle.x509Authorities.map { authority in
                ["certificate": Self.value(authority.certificate.der), "tainted": .boolean(authority.isTainted)]
            })
        map["jwtAuthorities"] = .list(
            bundle.trustBundle.jwtAuthorities.map { authority in
                var map: OrderedMap = [
                    "kid": .text(authority.keyID), "spki": Self.value(authority.key.subjectPublicKeyInfo),
                    "tainted": .boolean(authority.isTainted),
                ]
                if let time = authority.expiresAt { map["expiresAt"] = OrderedValue(time) }
                return .map(map)
            })
        map["x509Journal"] = .list(x509.entries.map(Self.value))
        map["jwtJournal"] = .list(jwt.entries.map(Self.value))
        map["withdrawals"] = .list(
            withdrawals.map { authority in
                [
                    "kind": .text(authority.kind.rawValue), "authority": .text(authority.authorityID),
                    "aid": .text(authority.aid), "statement": .text(authority.statement),
                ]
            })
        map["endedKeys"] = .list(
            endedKeys.sorted { $0.key < $1.key }.map { id, end in
                ["kid": .text(id), "notAfter": OrderedValue(end.seconds)]
            })
        let bytes: [UInt8]
        do {
            bytes = try map.encoded(as: .json)
        } catch {
            throw IssuerError(.internal, "authorities can't be kept", cause: error)
        }
        guard bytes.count <= limit else { throw IssuerError(.resourceExhausted, "bundle is too large") }
        return bytes
    }

    private static func value(_ bytes: [UInt8]) -> OrderedValue { .text(Base64URL.encodedString(bytes.span)) }

    private static func value(_ entry: AuthorityEntry) -> OrderedValue {
        var map: OrderedMap = [
            "slot": .text(entry.key.slot.rawValue), "status": OrderedValue(entry.status.rawValue),
            "spki": value(entry.key.subjectPublicKeyInfo), "issuedAt": OrderedValue(entry.issuedAt.seconds),
            "notAfter": OrderedValue(entry.notAfter.seconds),
        ]
        if let aid = entry.admission.aid { map["aid"] = .text(aid) }
        if let statement = entry.admission.statement { map["statement"] = .text(statement) }
        if let certificate = entry.certificate { map["certificate"] = value(certificate.der) }
        if let upstream = entry.upstreamAuthorityID {
            map["upstream"] = .text(upstream)
            map["upstreamChain"] = .list(entry.upstreamChain.map { value($0.der) })
        }
        return .map(map)
    }

    // MARK: Reading

    /// Reads the form.
    ///
    /// - Parameters:
    ///   - domain: whose ledger it must be.
    ///   - isHeld: whether the private half of a key is in its place.
    /// - Throws: ``IssuerStoreError``: `tooNew`, `corrupt`.
    init(
        parsing bytes: [UInt8], of domain: TrustDomain, isHeld: (AuthorityKey) -> Bool
    ) throws(IssuerStoreError) {
        guard bytes.count <= Self.largest,
            let map = (try? OrderedValue(parsing: bytes.span, format: .json, limits: Limits(bodyBytes: Self.largest)))?
                .mapValue
        else { throw Self.damaged("document") }
        let reader = Reader(map: map)
        guard let version = map["version"]?.integerValue else { throw Self.damaged("version") }
        guard version <= Self.version else {
            throw IssuerStoreError(.tooNew, "the authorities have version \(version), known is \(Self.version)")
        }
        guard try reader.text("trustDomain") == domain.name else {
            throw IssuerStoreError(.corrupt, "the authorities are those of another trust domain than \(domain)")
        }
        guard let sequence = UInt64(exactly: try reader.integer("sequence")) else { throw Self.damaged("sequence") }
        var x509: [X509Authority] = []
        for one in try reader.maps("x509Authorities") {
            x509.append(
                X509Authority(try one.certificate("certificate"), isTainted: try one.boolean("tainted")))
        }
        var jwt: [TokenAuthority] = []
        for one in try reader.maps("jwtAuthorities") { jwt.append(try one.tokenAuthority()) }
        let hint: Int64? = map["refreshHint"] == nil ? nil : try reader.integer("refreshHint")
        let bundle: DomainBundle
        do {
            bundle = DomainBundle(
                try TrustBundle(
                    trustDomain: domain, x509Authorities: x509, jwtAuthorities: jwt, sequence: sequence,
                    refreshHint: hint))
        } catch {
            throw Self.damaged("bundle")
        }
        self.bundle = bundle
        func slots(_ kind: AuthorityKind, _ label: String) throws(IssuerStoreError) -> AuthoritySlots {
            var entries: [AuthorityEntry] = []
            for one in try reader.maps(label) { entries.append(try one.entry()) }
            return AuthoritySlots(
                kind, journal: entries, isPublished: { bundle.contains(kind, Self.bundleID(of: $0)) }, isHeld: isHeld)
        }
        self.x509 = try slots(.x509, "x509Journal")
        self.jwt = try slots(.jwt, "jwtJournal")
        // Version 1 knew of none.
        if version > 1 { for one in try reader.maps("withdrawals") { withdrawals.append(try one.withdrawal()) } }
        guard version > 1 else { return }
        for one in try reader.maps("endedKeys") { endedKeys[try one.text("kid")] = try one.time("notAfter") }
    }

    fileprivate static func damaged(_ member: String) -> IssuerStoreError {
        IssuerStoreError(.corrupt, "the authorities can't be read back: \(member)")
    }

    /// Members of one map.
    private struct Reader {
        let map: OrderedMap

        func text(_ label: String) throws(IssuerStoreError) -> String {
            guard let text = map[label]?.textValue else { throw damaged(label) }
            return text
        }

        func integer(_ label: String) throws(IssuerStoreError) -> Int64 {
            guard let value = map[label]?.integerValue else { throw damaged(label) }
            return Int64(value)
        }

        func boolean(_ label: String) throws(IssuerStoreError) -> Bool {
            guard let value = map[label]?.booleanValue else { throw damaged(label) }
            return value
        }

        func bytes(_ value: OrderedValue?, _ label: String) throws(IssuerStoreError) -> [UInt8] {
            guard let text = value?.textValue, let bytes = try? Base64URL.decode(text.utf8.span) else {
                throw damaged(label)
            }
            return bytes
        }

        func maps(_ label: String) throws(IssuerStoreError) -> [Reader] {
            guard let list = map[label]?.listValue else { throw damaged(label) }
            var readers: [Reader] = []
            for value in list {
                guard let map = value.mapValue else { throw damaged(label) }
                readers.append(Reader(map: map))
            }
            return readers
        }

        func time(_ label: String) throws(IssuerStoreError) -> CertificateTime {
            guard let time = CertificateTime(seconds: try integer(label)) else { throw damaged(label) }
            return time
        }

        func tokenAuthority() throws(IssuerStoreError) -> TokenAuthority {
            guard let key = try? PublicKey(subjectPublicKeyInfo: try bytes(map["spki"], "spki")),
                let authority = try? TokenAuthority(
                    keyID: try text("kid"), key: key,
                    expiresAt: map["expiresAt"] == nil ? nil : try integer("expiresAt"),
                    isTainted: try boolean("tainted"))
            else { throw damaged("jwtAuthorities") }
            return authority
        }

        func certificate(_ label: String) throws(IssuerStoreError) -> X509Certificate {
            try certificate(map[label], label)
        }

        private func certificate(_ value: OrderedValue?, _ label: String) throws(IssuerStoreError) -> X509Certificate {
            guard let certificate = try? X509Certificate(der: try bytes(value, label)) else { throw damaged(label) }
            return certificate
        }

        func entry() throws(IssuerStoreError) -> AuthorityEntry {
            guard let slot = AuthoritySlot(rawValue: try text("slot")),
                let status = AuthorityEntry.Status(rawValue: Int(try integer("status"))),
                let key = try? AuthorityKey(slot: slot, subjectPublicKeyInfo: try bytes(map["spki"], "spki"))
            else { throw damaged("journal") }
            var chain: [X509Certificate] = []
            for value in map["upstreamChain"]?.listValue ?? [] { chain.append(try certificate(value, "upstreamChain")) }
            return AuthorityEntry(
                key: key, status: status, issuedAt: try time("issuedAt"), notAfter: try time("notAfter"),
                admission: try admission(),
                certificate: map["certificate"] == nil ? nil : try certificate("certificate"),
                upstreamChain: chain, upstreamAuthorityID: map["upstream"] == nil ? nil : try text("upstream"))
        }

        func withdrawal() throws(IssuerStoreError) -> StatedAuthority {
            guard let kind = AuthorityKind(rawValue: try text("kind")), let aid = try admission().aid else {
                throw damaged("withdrawals")
            }
            return StatedAuthority(
                kind: kind, authorityID: try text("authority"), aid: aid, statement: try text("statement"))
        }

        private func admission() throws(IssuerStoreError) -> Admission {
            guard map["statement"] != nil else { return .open }
            guard let admission = Admission(aid: try text("aid"), statement: try text("statement")) else {
                throw damaged("statement")
            }
            return admission
        }
    }
}
