// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import JOSE
internal import SPIFFE

extension SQLiteIssuerTransaction: FederationTransaction {
    func bundle(of domain: TrustDomain) throws -> TrustBundle? {
        try query(
            "SELECT domain, x509, jwt, wit, sequence, refresh_hint FROM foreign_bundles WHERE domain = ?"
        ) {
            try $0.bind(domain.name)
            return try $0.step() ? try Self.bundle(in: $0) : nil
        }
    }

    func bundles(after domain: TrustDomain?, limit: Int) throws -> [TrustBundle] {
        try query(
            """
            SELECT domain, x509, jwt, wit, sequence, refresh_hint FROM foreign_bundles
            WHERE domain > ? ORDER BY domain LIMIT ?
            """
        ) { statement in
            try statement.bind(domain?.name ?? "")
            try statement.bind(Int64(limit))
            var found: [TrustBundle] = []
            while try statement.step() { found.append(try Self.bundle(in: statement)) }
            return found
        }
    }

    func bundleCount() throws -> Int {
        Int(try number("SELECT count(*) FROM foreign_bundles") ?? 0)
    }

    func put(_ bundle: TrustBundle) throws {
        try change(
            """
            INSERT OR REPLACE INTO foreign_bundles (domain, x509, jwt, wit, sequence, refresh_hint)
            VALUES (?, ?, ?, ?, ?, ?)
            """
        ) {
            try $0.bind(bundle.trustDomain.name)
            try $0.bind(
                PackedList.pack(
                    bundle.x509Authorities.flatMap { [$0.certificate.der, Self.packed($0.isTainted)] }))
            try $0.bind(PackedList.pack(bundle.jwtAuthorities.flatMap(Self.packed)))
            try $0.bind(PackedList.pack(bundle.witAuthorities.flatMap(Self.packed)))
            if let sequence = bundle.sequence { try $0.bind(String(sequence)) } else { try $0.bindNull() }
            if let hint = bundle.refreshHint { try $0.bind(hint) } else { try $0.bindNull() }
        }
    }

    func deleteBundle(of domain: TrustDomain) throws -> Bool {
        try change("DELETE FROM foreign_bundles WHERE domain = ?") { try $0.bind(domain.name) }
        return changeCount > 0
    }

    func relationship(with domain: TrustDomain) throws -> FederationRelationship? {
        try query("SELECT domain, url, endpoint_id FROM federation_relationships WHERE domain = ?") {
            try $0.bind(domain.name)
            return try $0.step() ? try Self.relationship(in: $0) : nil
        }
    }

    func relationships(after domain: TrustDomain?, limit: Int) throws -> [FederationRelationship] {
        try query(
            "SELECT domain, url, endpoint_id FROM federation_relationships WHERE domain > ? ORDER BY domain LIMIT ?"
        ) { statement in
            try statement.bind(domain?.name ?? "")
            try statement.bind(Int64(limit))
            var found: [FederationRelationship] = []
            while try statement.step() { found.append(try Self.relationship(in: statement)) }
            return found
        }
    }

    func put(_ relationship: FederationRelationship) throws {
        try change(
            "INSERT OR REPLACE INTO federation_relationships (domain, url, endpoint_id) VALUES (?, ?, ?)"
        ) {
            try $0.bind(relationship.trustDomain.name)
            try $0.bind(relationship.endpointURL)
            switch relationship.profile {
            case .httpsWeb: try $0.bindNull()
            case .httpsSPIFFE(let id): try $0.bind(id.description)
            }
        }
    }

    func deleteRelationship(with domain: TrustDomain) throws -> Bool {
        try change("DELETE FROM federation_relationships WHERE domain = ?") { try $0.bind(domain.name) }
        return changeCount > 0
    }

    // MARK: Rows

    private static func packed(_ flag: Bool) -> [UInt8] { [flag ? 1 : 0] }

    private static func packed(_ authority: TokenAuthority) -> [[UInt8]] {
        [
            Array(authority.keyID.utf8), authority.key.subjectPublicKeyInfo,
            authority.expiresAt.map { Array(String($0).utf8) } ?? [], packed(authority.isTainted),
        ]
    }

    private static func bundle(in statement: borrowing PreparedStatement) throws -> TrustBundle {
        guard let domain = try? TrustDomain(try statement.text(0)) else {
            throw statement.unreadable(0)
        }
        guard let certificates = PackedList.unpack(try statement.bytes(1), width: 2) else {
            throw statement.unreadable(1)
        }
        var sequence: UInt64?
        if !statement.isNull(4) {
            guard let number = UInt64(try statement.text(4)) else { throw statement.unreadable(4) }
            sequence = number
        }
        let hint = statement.isNull(5) ? nil : try statement.integer(5)
        do {
            var authorities: [X509Authority] = []
            for index in stride(from: 0, to: certificates.count, by: 2) {
                authorities.append(
                    X509Authority(
                        try X509Certificate(der: certificates[index]), isTainted: certificates[index + 1] == [1]
                    ))
            }
            return try TrustBundle(
                trustDomain: domain, x509Authorities: authorities,
                jwtAuthorities: try tokens(2, of: statement),
                witAuthorities: try tokens(3, of: statement), sequence: sequence, refreshHint: hint)
        } catch is X509CertificateError {
            throw statement.unreadable(1)
        } catch is BundleError {
            throw statement.unreadable(2)
        }
    }

    private static func tokens(
        _ column: Int32, of statement: borrowing PreparedStatement
    ) throws -> [TokenAuthority] {
        guard let parts = PackedList.unpack(try statement.bytes(column), width: 4) else {
            throw statement.unreadable(column)
        }
        var tokens: [TokenAuthority] = []
        for index in stride(from: 0, to: parts.count, by: 4) {
            guard let key = try? PublicKey(subjectPublicKeyInfo: parts[index + 1]),
                let authority = try? TokenAuthority(
                    keyID: String(decoding: parts[index], as: UTF8.self), key: key,
                    expiresAt: Int64(String(decoding: parts[index + 2], as: UTF8.self)),
                    isTainted: parts[index + 3] == [1])
            else { throw statement.unreadable(column) }
            tokens.append(authority)
        }
        return tokens
    }

    private static func relationship(in statement: borrowing PreparedStatement) throws
        -> FederationRelationship
    {
        guard let domain = try? TrustDomain(try statement.text(0)) else {
            throw statement.unreadable(0)
        }
        var profile = FederationRelationship.Profile.httpsWeb
        if !statement.isNull(2) {
            guard let id = try? SPIFFEID(try statement.text(2)) else { throw statement.unreadable(2) }
            profile = .httpsSPIFFE(id)
        }
        return FederationRelationship(
            trustDomain: domain, endpointURL: try statement.text(1), profile: profile)
    }
}
