// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto
internal import SPIFFE
internal import StorageSQLite
internal import TrustBinding

/// What an issuer does with files: makes a statement for a signing key and seals it, and signs SVIDs with proof.
struct IssuerService {
    let book: AuthorityBook
    let folder: IssuerFolder
    let controller: Controller<SQLiteKeyEventStore>
    var wallet: HomeWallet { book.desk.wallet }

    /// The issuer with a name.
    init(_ desk: IssuingDesk, folder: IssuerFolder, name: String) throws {
        book = AuthorityBook(desk: desk)
        self.folder = folder
        controller = try Controller(desk.wallet, name)
    }

    var vault: any KeyVault {
        get throws {
            guard let vault = wallet.vault else { throw CommandFailure("KM-INTERNAL", "the vault is not open") }
            return vault
        }
    }

    /// What came of a statement.
    struct Sealed {
        let statement: AuthorityStatement
        let certificate: X509Certificate
        let sealing: AuthoredEvent
    }

    /// Makes a signing key, its self-signed certificate and its statement, and seals the statement in the issuer's log.
    ///
    /// Key, then files, then seal: a crash between leaves a key and files that nothing refers to.
    func makeStatement(
        trustDomain: TrustDomain, from now: CertificateTime, lifetime: Int64, credential: SAID? = nil,
        signers: [Int]? = nil, at time: Timestamp
    ) async throws -> Sealed {
        let authority = try authority(for: .x509, in: trustDomain, at: now, said: credential)
        let previous = try previous(in: trustDomain)
        let (key, seed) = try HomeAuthorityKeys.make()
        let notBefore = now.advanced(by: -IssuingAuthority<SigningKey>.backdating)
        let statement = try AuthorityStatement.x509(
            issuer: controller.aid.primitive, trustDomain: trustDomain, key: key, notBefore: notBefore,
            notAfter: now.advanced(by: lifetime), credential: authority.said.primitive,
            previous: previous)
        let signing = try await IssuingAuthority.selfSigned(
            key: key, trustDomain: trustDomain,
            hints: SubjectHints(aid: controller.aid.text, statement: statement.said.text),
            notBefore: statement.notBefore, notAfter: statement.notAfter, serial: try Self.serial())
        let entry = IssuerFolder.Entry(statement: statement, certificate: signing.certificate)
        if !wallet.isDryRun {
            try await vault.store(seed, as: HomeAuthorityKeys.name(of: statement.keyID))
            try folder.save(entry)
        }
        guard let digest = SAID(statement.said) else { throw CommandFailure("KM-INTERNAL", "the SAID is none") }
        do {
            return Sealed(
                statement: statement, certificate: signing.certificate,
                sealing: try await Self.seal([.digest(digest)], by: controller, signers, time))
        } catch {
            // Only what nothing refers to goes: the seal may be durable although something behind it failed.
            if !wallet.isDryRun, (try? isKnown(digest, in: controller.aid)) == false {
                folder.remove(statement)
                try? await vault.delete(HomeAuthorityKeys.name(of: statement.keyID))
            }
            throw error
        }
    }

    /// The authority credential under which one more key of a kind can be stated.
    func authority(
        for kind: AuthorityStatement.Kind, in trustDomain: TrustDomain, at now: CertificateTime, said: SAID? = nil
    ) throws -> AuthorityCredential {
        let name = controller.identifier.name
        let authority = try book.standing(
            for: controller.aid, name: name, domain: trustDomain, said: said
        ).authority
        guard authority.limits.svidTypes.contains(kind == .x509 ? .x509 : .jwt) else {
            throw CommandFailure(
                "KM-ISSUER-LIMITS", "\(authority.said) does not allow \(kind == .x509 ? "X.509" : "JWT")-SVIDs")
        }
        let live = try liveEntries(at: now).filter { $0.statement.credential == authority.said.primitive }
        guard live.count < authority.limits.mostKeys else {
            throw CommandFailure(
                "KM-ISSUER-KEYS", "\(name) has \(live.count) live keys, as many as \(authority.said) allows",
                next: "\(Product.command) authority withdraw \(live[0].statement.said.text)")
        }
        return authority
    }

    /// The newest sealed statement for a trust domain.
    func previous(in trustDomain: TrustDomain) throws -> Primitive? {
        try sealedEntries().filter { $0.statement.trustDomain == trustDomain }
            .max { $0.statement.notBefore < $1.statement.notBefore }?.statement.said
    }

    /// Whether a log seals a digest, or an event for it that waits does.
    func isKnown(_ digest: SAID, in log: AID) throws -> Bool {
        if try sealedDigests(in: log, among: [digest]).contains(digest) { return true }
        let text = Array(digest.text.utf8)
        return try wallet.store.read { transaction in
            try transaction.escrows(reason: nil, aid: log, limit: .max).contains { entry in
                entry.message.firstRange(of: text) != nil
            }
        }
    }

    static func seal(
        _ seals: [Seal], by controller: Controller<SQLiteKeyEventStore>, _ signers: [Int]?, _ now: Timestamp
    ) async throws -> AuthoredEvent {
        guard try controller.keyState().isEstablishmentOnly else {
            return try await controller.anchor(seals.map(\.value), signers: signers, now: now)
        }
        var plan = RotationPlan()
        plan.anchors = seals.map(\.value)
        plan.signers = signers
        return try await controller.rotate(plan, now: now)
    }

    /// The statements of the issuer that stand sealed in its log.
    func sealedEntries() throws -> [IssuerFolder.Entry] {
        let sealed = try sealedDigests(in: controller.aid)
        return try folder.entries(of: controller.aid)
            .filter { entry in SAID(entry.statement.said).map(sealed.contains) ?? false }
    }

    /// The digests that a log seals. Where it is asked of some only, it is read from its end and no further than needed:
    /// that of an issuer that is served gets some events a day, and what it signs with now was sealed last.
    func sealedDigests(in log: AID, among wanted: Set<SAID>? = nil) throws -> Set<SAID> {
        try wallet.store.read { transaction in
            var missing = wanted
            var found: Set<SAID> = []
            var position = try transaction.keyState(of: log)?.sn
            while let sn = position, missing?.isEmpty != true, let record = try transaction.record(of: log, at: sn) {
                for case .digest(let said)? in record.seals where wanted?.contains(said) ?? true {
                    found.insert(said)
                    missing?.remove(said)
                }
                position = sn.previous
            }
            return found
        }
    }

    static func serial() throws -> CertificateSerial {
        while true {
            if let serial = CertificateSerial(random: try RandomBytes.generate(count: CertificateSerial.byteCount)) {
                return serial
            }
        }
    }
}
