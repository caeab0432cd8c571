// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import KelmarkConcurrency
internal import Logging
internal import SPIFFE
internal import X509

extension AuthorityService {
    func prepareUnaudited(_ kind: AuthorityKind) async throws -> AuthorityEntry {
        try check(kind)
        return try await moves(kind).pass {
            let (proposal, admission) = try await admittedCandidate(in: ledger[kind].placeForNext)
            let entry = try await entry(of: proposal, admission)
            try await publish(entry.0, roots: entry.roots)
            await adopt(proposal.key)
            logger.info(
                "authority prepared",
                metadata: ["kind": "\(kind.rawValue)", "authority": "\(proposal.key.authorityID)"])
            return entry.0
        }
    }

    func activateUnaudited(_ kind: AuthorityKind, _ id: String) async throws -> AuthorityEntry {
        try check(kind)
        return try await moves(kind).pass {
            if let next = ledger[kind].prepared, next.authorityID == id { try await keys.adopt(next.key) }
            let ledger = try await change { (ledger) throws(IssuerError) in
                var next = ledger
                try next[kind].activate(id)
                return next
            }
            guard let active = ledger[kind].active else { throw IssuerError(.internal, "no authority is active") }
            logger.info("authority activated", metadata: ["kind": "\(kind.rawValue)", "authority": "\(id)"])
            return active
        }
    }

    /// A key that nobody has seen yet. One that is left from an attempt before is used, so that a gate that refuses for
    /// days costs one key.
    private func candidate(in slot: AuthoritySlot) async throws -> AuthorityKey {
        let algorithm = algorithm(of: slot.kind)
        if let left = try await keys.content(of: slot).candidate {
            if ledger[slot.kind].entries.contains(where: { $0.key == left }) {
                try await keys.adopt(left)
            } else if left.algorithm == algorithm {
                return left
            }
        }
        return try await keys.generateCandidate(in: slot, algorithm: algorithm)
    }

    /// Puts a published key into use. What was published is not taken back when that fails: the key signs as a candidate
    /// too, and whoever needs its place or activates it tries again.
    private func adopt(_ key: AuthorityKey) async {
        do {
            try await keys.adopt(key)
        } catch {
            logger.error(
                "authority key could not be put into use",
                metadata: ["authority": "\(key.authorityID)", "reason": "\(error)"])
        }
    }

    private func algorithm(of kind: AuthorityKind) -> AuthorityKeyAlgorithm {
        kind == .x509 ? configuration.x509KeyAlgorithm : configuration.jwtKeyAlgorithm
    }

    /// A key with what the gate says of it. A candidate that is left over may be past use, because what was stated about it
    /// has ended while the issuer or its witnesses were away; offered again and again, it would keep its place for ever.
    private func admittedCandidate(in slot: AuthoritySlot) async throws -> (PreparedKey, Admission) {
        let left = try await candidate(in: slot)
        if case .success(let found) = try await admitted(left) { return found }
        logger.notice("authority key is given up before its use", metadata: ["authority": "\(left.authorityID)"])
        let fresh = try await keys.generateCandidate(in: slot, algorithm: algorithm(of: slot.kind))
        return try await admitted(fresh).get()
    }

    /// What the gate says of a key: a failure where this key can't become an authority any more, and another one may.
    private func admitted(_ key: AuthorityKey) async throws -> Result<(PreparedKey, Admission), IssuerError> {
        let now = clock.now()
        let proposal = PreparedKey(
            key: key, trustDomain: configuration.trustDomain,
            notBefore: now.advanced(by: -CertificateProfile.backdating),
            notAfter: now.advanced(by: configuration.authorityLifetime),
            allowsDownstream: key.slot.kind == .x509 && configuration.allowsDownstream)
        let kind = key.slot.kind.title
        do {
            let admission = try await withTimeLimit { [gate] in try await gate.admit(proposal) }
            let notAfter = admission.notAfter ?? proposal.notAfter
            guard admission.notBefore ?? proposal.notBefore < notAfter, clock.now() < notAfter else {
                return .failure(IssuerError(.failedPrecondition, "authority was admitted for a time that is over"))
            }
            return .success((proposal, admission))
        } catch let refusal as AdmissionRefusal {
            let error = IssuerError(.failedPrecondition, "\(kind) authority was not admitted: \(refusal)")
            guard refusal.isKeySpent else { throw error }
            return .failure(error)
        } catch let error as IssuerError {
            throw error
        } catch {
            throw IssuerError(.unavailable, "\(kind) authority could not be admitted", cause: error)
        }
    }

    /// Asks the gate, but not for longer than it may take.
    func withTimeLimit<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
        let (clock, limit) = (clock, configuration.admissionTimeout)
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await clock.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let result = first else {
                throw IssuerError(.deadlineExceeded, "admission of the authority took too long")
            }
            return result
        }
    }

    /// The authority that the key becomes, and the roots that its SVIDs end at.
    private func entry(
        of proposal: PreparedKey, _ admission: Admission
    ) async throws -> (AuthorityEntry, roots: [X509Certificate]) {
        let notBefore = admission.notBefore ?? proposal.notBefore
        let notAfter = admission.notAfter ?? proposal.notAfter
        let key = proposal.key
        let start = notBefore.advanced(by: CertificateProfile.backdating)
        guard key.slot.kind == .x509 else {
            return (
                AuthorityEntry(key: key, status: .prepared, issuedAt: start, notAfter: notAfter, admission: admission),
                []
            )
        }
        if let upstream {
            return try await certified(proposal, by: upstream, admission, until: notAfter)
        }
        let content: CertificateContent
        do {
            content = try CertificateProfile.authority(
                publicKey: try key.certificateKey(), trustDomain: configuration.trustDomain,
                names: configuration.authoritySubject, units: admission.units,
                validity: .init(notBefore: notBefore, notAfter: notAfter), serial: try random.serial(),
                pathLength: proposal.allowsDownstream ? 1 : 0)
        } catch {
            throw IssuerError(.internal, "certificate can't be made", cause: error)
        }
        let certificate = try await CertificateSigner(keys: keys).sign(content, by: key)
        guard certificate.hasSignature(by: certificate) else {
            throw IssuerError(.internal, "certificate can't be signed", detail: "the signature does not verify")
        }
        return (
            AuthorityEntry(
                key: key, status: .prepared, issuedAt: start, notAfter: notAfter, admission: admission,
                certificate: certificate), [certificate]
        )
    }

    /// Bundle and journal change together.
    private func publish(_ entry: AuthorityEntry, roots: [X509Certificate]) async throws {
        let kind = entry.key.slot.kind
        try await change { (ledger) throws(IssuerError) in
            var next = ledger
            next.bundle = try ledger.bundle.changed { (draft) throws(IssuerError) in
                for root in roots { try draft.append(X509Authority(root), isOwn: true) }
                if kind == .jwt { try draft.append(Self.tokenAuthority(entry), isOwn: true) }
            }
            try next[kind].prepare(entry)
            return next
        }
    }

    private static func tokenAuthority(_ entry: AuthorityEntry) throws(IssuerError) -> TokenAuthority {
        do {
            return try TokenAuthority(
                keyID: entry.authorityID, key: entry.key.publicKey, expiresAt: entry.notAfter.seconds)
        } catch {
            throw IssuerError(.internal, "authority key is unusable", cause: error)
        }
    }
}
