// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import JOSE
internal import KelmarkBytes
internal import SPIFFE

/// How a bundle is written.
enum BundleForm: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// The certificates in PEM.
    case pem
    /// SPIFFE's own document, a JWK Set.
    case spiffe
}

/// Bundles as SPIRE's tools print them.
enum BundleView {
    /// A bundle as the API's JSON.
    static func json(_ bundle: BundleRecord) -> OrderedMap {
        [
            "jwt_authorities": keys(bundle.jwtAuthorities),
            "refresh_hint": SPIREJSON.integer(bundle.refreshHint),
            "sequence_number": .text(String(bundle.sequence)),
            "trust_domain": .text(bundle.trustDomain),
            "wit_authorities": keys(bundle.witAuthorities),
            "x509_authorities": .list(
                bundle.x509Authorities.map {
                    ["asn1": .text(StandardBase64.encodedString($0.der)), "tainted": .boolean($0.isTainted)]
                }),
        ]
    }

    private static func keys(_ keys: [BundleRecord.Key]) -> OrderedValue {
        .list(
            keys.map {
                [
                    "expires_at": SPIREJSON.integer($0.expiresAt), "key_id": .text($0.keyID),
                    "public_key": .text(StandardBase64.encodedString($0.publicKey)), "tainted": .boolean($0.isTainted),
                ]
            })
    }

    /// A bundle in a form, without a line break at its end.
    /// - Throws: ``CommandFailure`` when the server sent what is no bundle.
    static func text(_ bundle: BundleRecord, _ form: BundleForm) throws -> String {
        let value = try trustBundle(bundle)
        switch form {
        case .pem:
            let pem = CertificateEncoding.pem(value.x509Authorities.map(\.certificate))
            return pem.hasSuffix("\n") ? String(pem.dropLast()) : pem
        case .spiffe:
            let document = BundleDocument.encode(value)
            let tree = try? OrderedValue(parsingJSON: document.span, strictness: .interoperable, limits: .jose)
            return tree?.indentedText() ?? ""
        }
    }

    /// Bundles of other trust domains, each below a frame with its name.
    static func text(_ bundles: [BundleRecord], _ form: BundleForm) throws -> [String] {
        var lines: [String] = []
        for bundle in bundles {
            if !lines.isEmpty { lines.append("") }
            let stars = String(repeating: "*", count: 40)
            lines += [stars, printable("* spiffe://\(EntryRecord.bareName(bundle.trustDomain))"), stars]
            let text = try text(bundle, form)
            if !text.isEmpty { lines.append(text) }
        }
        return lines
    }

    /// What the server sent, read strictly.
    static func trustBundle(_ bundle: BundleRecord) throws -> TrustBundle {
        do {
            return try TrustBundle(
                trustDomain: try TrustDomain(nameOrID: bundle.trustDomain),
                x509Authorities: try bundle.x509Authorities.map {
                    X509Authority(try X509Certificate(der: $0.der), isTainted: $0.isTainted)
                },
                jwtAuthorities: try bundle.jwtAuthorities.map(authority),
                sequence: bundle.sequence, refreshHint: bundle.refreshHint > 0 ? bundle.refreshHint : nil)
        } catch {
            throw CommandFailure(
                "KM-ADMIN-ANSWER", "the issuer sent what is no bundle of \(bundle.trustDomain): \(error)")
        }
    }

    private static func authority(_ key: BundleRecord.Key) throws -> TokenAuthority {
        try TokenAuthority(
            keyID: key.keyID, key: try PublicKey(subjectPublicKeyInfo: key.publicKey),
            expiresAt: key.expiresAt == 0 ? nil : key.expiresAt, isTainted: key.isTainted)
    }

    /// A bundle that was read from a file, as it is sent.
    static func record(_ bundle: TrustBundle) -> BundleRecord {
        var record = BundleRecord(trustDomain: bundle.trustDomain.name)
        record.x509Authorities = bundle.x509Authorities.map { BundleRecord.Certificate(der: $0.certificate.der) }
        record.jwtAuthorities = bundle.jwtAuthorities.map {
            BundleRecord.Key(publicKey: $0.key.subjectPublicKeyInfo, keyID: $0.keyID)
        }
        record.refreshHint = bundle.refreshHint ?? 0
        record.sequence = bundle.sequence ?? 0
        return record
    }
}

/// A bundle in a file.
enum BundleFile {
    /// Reads a file, or standard input for `-`.
    /// - Throws: ``CommandFailure`` when it is no bundle.
    static func read(_ path: String, _ form: BundleForm, of trustDomain: TrustDomain) throws -> TrustBundle {
        try parse(DurableFile.read(path, atMost: BundleDocument.limits.bodyBytes), form, of: trustDomain, named: path)
    }

    /// Reads the bytes of a file.
    /// - Throws: ``CommandFailure`` when it is no bundle.
    static func parse(
        _ bytes: [UInt8], _ form: BundleForm, of trustDomain: TrustDomain, named name: String
    ) throws -> TrustBundle {
        do {
            switch form {
            case .spiffe: return try BundleDocument(parsing: bytes, trustDomain: trustDomain).bundle
            case .pem:
                let certificates = try CertificateEncoding.certificates(
                    inPEM: String(decoding: bytes, as: UTF8.self), most: 1024)
                guard !certificates.isEmpty else {
                    throw CommandFailure("KM-INPUT-BUNDLE", "\(name) has no certificate in PEM")
                }
                return try TrustBundle(
                    trustDomain: trustDomain,
                    x509Authorities: try certificates.map { X509Authority(try X509Certificate(der: $0)) })
            }
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw CommandFailure("KM-INPUT-BUNDLE", "\(name) is no bundle of \(trustDomain): \(error)")
        }
    }
}
