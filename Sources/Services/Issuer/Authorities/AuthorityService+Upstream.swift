// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import SPIFFE
internal import SwiftASN1
internal import X509

extension AuthorityService {
    /// Has the key certified elsewhere and checks that what came back can sign SVIDs that peers will accept.
    func certified(
        _ proposal: PreparedKey, by upstream: any UpstreamAuthority, _ admission: Admission, until end: CertificateTime
    ) async throws -> (AuthorityEntry, roots: [X509Certificate]) {
        let now = clock.now()
        let key = proposal.key
        let request = try await request(for: key)
        let answer = try await upstream.certify(
            request: request, for: configuration.trustDomain, lifetime: end.seconds - now.seconds)
        guard let own = answer.chain.first, own.subjectPublicKeyInfo == key.subjectPublicKeyInfo,
            answer.chain.count < X509SVIDOutcome.longestChain
        else { throw IssuerError(.unavailable, "upstream authority answered with the wrong certificate") }
        let root = try Self.root(of: answer, at: now)
        let notAfter = (answer.chain + [root]).map(\.notAfter).reduce(end, min)
        let notBefore = answer.chain.map(\.notBefore).reduce(proposal.notBefore, max)
        guard now < notAfter else { throw IssuerError(.unavailable, "upstream authority answered with an ended one") }
        let entry = AuthorityEntry(
            key: key, status: .prepared, issuedAt: max(notBefore, now), notAfter: notAfter, admission: admission,
            certificate: own, upstreamChain: Array(answer.chain.dropFirst()),
            upstreamAuthorityID: DomainBundle.authorityID(of: root))
        try await tryOut(entry, roots: answer.roots)
        return (entry, answer.roots)
    }

    /// Signs for a key that nobody keeps, and judges what comes out as peers would: an authority whose SVIDs nobody takes
    /// must not take the place of one that works.
    private func tryOut(_ entry: AuthorityEntry, roots: [X509Certificate]) async throws {
        guard let certificate = entry.certificate else { return }
        let now = clock.now()
        let issuer = CertificateProfile.Issuer(
            name: certificate.certificate.subject, keyIdentifier: entry.key.subjectKeyIdentifier,
            notBefore: certificate.notBefore, notAfter: entry.notAfter)
        let id: SPIFFEID
        let content: CertificateContent
        do {
            id = try SPIFFEID(trustDomain: configuration.trustDomain, path: "/spire/server")
            let key = try PrivateKey(generating: .p256).publicKey
            content = try CertificateProfile.leaf(
                publicKey: try Certificate.PublicKey(derEncoded: key.subjectPublicKeyInfo), id: id, dnsNames: [],
                subject: try CertificateProfile.subject(configuration.subject), issuer: issuer,
                validity: .init(now: now, lifetime: 60, within: issuer), serial: try random.serial())
        } catch {
            throw IssuerError(.internal, "certificate can't be made", cause: error)
        }
        let leaf = try await CertificateSigner(keys: keys).sign(content, by: entry.key)
        let outcome = X509SVIDOutcome.verifying(
            chain: [leaf] + entry.shippedChain,
            against: X509Bundle(trustDomain: configuration.trustDomain, authorities: roots), at: now)
        guard outcome.svid?.id == id else {
            throw IssuerError(
                .unavailable, "upstream authority answered with an unusable chain",
                detail: outcome.faults.map(\.description).joined(separator: " "))
        }
    }

    /// A PKCS#10 request with the ID of the trust domain, signed by the key.
    private func request(for key: AuthorityKey) async throws -> [UInt8] {
        do {
            let body = try CertificateRequestContent(
                subject: try CertificateProfile.subject(configuration.authoritySubject),
                publicKey: try key.certificateKey(),
                names: [.uniformResourceIdentifier(configuration.trustDomain.id.description)]
            ).body()
            let signature = try await keys.signature(over: body, by: key)
            return try CertificateRequestContent.request(
                body: body, signature: signature, algorithm: key.algorithm.certificateAlgorithm)
        } catch let error as IssuerError {
            throw error
        } catch {
            throw IssuerError(.internal, "certificate request can't be made", cause: error)
        }
    }

    /// The root at which the chain ends. Whether each link holds, the trial shows.
    private static func root(of answer: UpstreamCertificate, at now: CertificateTime) throws -> X509Certificate {
        func fail(_ detail: String) -> IssuerError {
            IssuerError(.unavailable, "upstream authority answered with an unusable chain", detail: detail)
        }
        for (depth, certificate) in answer.chain.enumerated() {
            guard certificate.isAuthority, certificate.keyUsage?.keyCertSign == true else {
                throw fail("a certificate may not sign")
            }
            guard certificate.isValid(at: now) else { throw fail("a certificate is not valid now") }
            if let most = certificate.pathLength, depth > most { throw fail("the path is too long") }
        }
        guard let last = answer.chain.last,
            let root = answer.roots.first(where: {
                $0.certificate.subject == last.certificate.issuer && last.hasSignature(by: $0)
            })
        else { throw fail("no root has signed it") }
        guard root.isAuthority, root.isValid(at: now) else { throw fail("the root is not valid now") }
        return root
    }
}
