// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto
internal import SPIFFE
internal import TrustBinding

/// What an issuer does with files: makes a statement for a signing key and seals it, and signs SVIDs with proof.
struct IssuerService<Store: KeyEventStore> {
    let wallet: Wallet<Store>
    let folder: IssuerFolder
    let vault: any KeyVault
    let controller: Controller<Store>

    /// The issuer with a name.
    init(_ wallet: Wallet<Store>, folder: IssuerFolder, name: String) throws {
        guard let vault = wallet.vault else { throw CommandFailure("KM-INTERNAL", "the vault is not open") }
        self.wallet = wallet
        self.folder = folder
        self.vault = vault
        controller = try Controller(wallet, name)
    }

    /// What came of a statement.
    struct Sealed {
        let entry: IssuerFolder.Entry
        let sealing: AuthoredEvent
    }

    /// Makes a signing key, its self-signed certificate and its statement, and seals the statement in the issuer's log.
    ///
    /// Key, then files, then seal: a crash between leaves a key and files that nothing refers to.
    func makeStatement(
        trustDomain: TrustDomain, from now: CertificateTime, lifetime: Int64, signers: [Int]? = nil, at time: Timestamp
    ) async throws -> Sealed {
        let state = try controller.keyState()
        guard state.delegator != nil else {
            throw CommandFailure(
                "KM-ISSUER-NOT-DELEGATED", "\(controller.identifier.name) is not delegated by an organisation",
                next: "\(Product.command) id delegate NAME --from ORGANISATION")
        }
        let previous = try sealedEntries().filter { $0.statement.trustDomain == trustDomain }
            .max { $0.statement.notBefore < $1.statement.notBefore }
        let (key, seed) = try AuthorityKeys.make()
        let notBefore = now.advanced(by: -IssuingAuthority<SigningKey>.backdating)
        let statement = try AuthorityStatement.x509(
            issuer: controller.aid.primitive, trustDomain: trustDomain, key: key, notBefore: notBefore,
            notAfter: now.advanced(by: lifetime), credential: controller.aid.primitive,
            previous: previous?.statement.said)
        let authority = try await IssuingAuthority.selfSigned(
            key: key, trustDomain: trustDomain,
            hints: SubjectHints(aid: controller.aid.text, statement: statement.said.text),
            notBefore: statement.notBefore, notAfter: statement.notAfter, serial: try Self.serial())
        let entry = IssuerFolder.Entry(statement: statement, certificate: authority.certificate)
        if !wallet.isDryRun {
            try await vault.store(seed, as: AuthorityKeys.name(of: statement.keyID))
            try folder.save(entry)
        }
        guard let digest = SAID(statement.said) else { throw CommandFailure("KM-INTERNAL", "the SAID is none") }
        do {
            return Sealed(entry: entry, sealing: try await seal([.digest(digest)], state, signers, time))
        } catch {
            // Only what nothing refers to goes: the seal may be durable although something behind it failed.
            if !wallet.isDryRun, (try? isKnown(digest)) == false {
                folder.remove(statement)
                try? await vault.delete(AuthorityKeys.name(of: statement.keyID))
            }
            throw error
        }
    }

    /// Whether the issuer's log seals a digest, or an event of the issuer that waits does.
    private func isKnown(_ digest: SAID) throws -> Bool {
        if try sealedDigests().contains(digest) { return true }
        let text = Array(digest.text.utf8)
        return try wallet.store.read { transaction in
            try transaction.escrows(reason: nil, aid: controller.aid, limit: .max).contains { entry in
                entry.message.firstRange(of: text) != nil
            }
        }
    }

    private func seal(
        _ seals: [Seal], _ state: KeyState, _ signers: [Int]?, _ now: Timestamp
    ) async throws -> AuthoredEvent {
        guard state.isEstablishmentOnly else {
            return try await controller.anchor(seals.map(\.value), signers: signers, now: now)
        }
        var plan = RotationPlan()
        plan.anchors = seals.map(\.value)
        plan.signers = signers
        return try await controller.rotate(plan, now: now)
    }

    /// The statements of the issuer that stand sealed in its log.
    func sealedEntries() throws -> [IssuerFolder.Entry] {
        let sealed = try sealedDigests()
        return try folder.entries(of: controller.aid)
            .filter { entry in SAID(entry.statement.said).map(sealed.contains) ?? false }
    }

    private func sealedDigests() throws -> Set<SAID> {
        try wallet.store.read { transaction in
            guard let state = try transaction.keyState(of: controller.aid) else { return [] }
            var found: Set<SAID> = []
            var position: SequenceNumber? = .zero
            while let sn = position, sn <= state.sn, let record = try transaction.record(of: controller.aid, at: sn) {
                for case .digest(let said)? in record.seals { found.insert(said) }
                position = sn.next
            }
            return found
        }
    }

    /// A signed SVID with what proves it.
    struct Issued {
        let leaf: X509Certificate
        let entry: IssuerFolder.Entry
        let proof: [UInt8]
        /// What our own verifier says of the proof.
        let report: VerdictReport
    }

    /// Signs the SVID of a request with the newest authority, and writes its proof file.
    func sign(
        _ request: VerifiedCertificateRequest, id: SPIFFEID, dnsNames: [String], now: CertificateTime, lifetime: Int64
    ) async throws -> Issued {
        let entries = try sealedEntries()
            .filter { $0.statement.trustDomain == id.trustDomain && $0.certificate.isValid(at: now) }
        guard let entry = entries.max(by: { $0.statement.notBefore < $1.statement.notBefore }) else {
            throw CommandFailure(
                "KM-ISSUER-NO-STATEMENT",
                "\(controller.identifier.name) has no sealed statement for \(id.trustDomain.name) that is valid now",
                next:
                    "\(Product.command) issuer statement \(controller.identifier.name) --trust-domain "
                    + "\(id.trustDomain.name)"
            )
        }
        let key = try await AuthorityKeys.load(entry.statement.keyID, from: vault)
        let authority = try IssuingAuthority(certificate: entry.certificate, key: key)
        let leaf = try await authority.issue(
            to: request, id: id, dnsNames: dnsNames, now: now, lifetime: lifetime, serial: try Self.serial())
        let (proof, root) = try proof(of: leaf, under: entry)
        return Issued(
            leaf: leaf, entry: entry, proof: proof,
            report: ProofVerifier.verify(proof, root: root, trustDomain: id.trustDomain, at: now))
    }

    /// The proof file: logs with delegators first, the statement, the issuer's other sealed statements (a verifier must
    /// know what every seal means), the authority, the SVID, and the manifest; and the organisation that it starts from.
    private func proof(
        of leaf: X509Certificate, under entry: IssuerFolder.Entry
    ) throws -> (file: [UInt8], root: AID) {
        var writer = ProofFileWriter()
        var chain = [controller.aid]
        while let last = chain.last, let delegator = try wallet.keyState(of: last)?.delegator,
            !chain.contains(delegator)
        {
            chain.append(delegator)
        }
        for aid in chain.reversed() {
            writer.append(keyEventLog: try wallet.export(aid, withDelegators: false, withWaiting: false))
        }
        writer.append(.statement(entry.statement))
        for other in try sealedEntries() where other.statement.said != entry.statement.said {
            writer.append(.statement(other.statement))
        }
        writer.append(authority: entry.certificate)
        writer.append(svid: [leaf])
        return (try writer.finish(), chain[min(1, chain.count - 1)])
    }

    static func serial() throws -> CertificateSerial {
        while true {
            if let serial = CertificateSerial(random: try RandomBytes.generate(count: CertificateSerial.byteCount)) {
                return serial
            }
        }
    }
}
