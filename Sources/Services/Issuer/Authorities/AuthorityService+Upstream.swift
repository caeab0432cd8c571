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
            answer.chain.count < X509SVIDOutcome.longestChain, own.pathLength.map({ $0 >= 0 }) ?? true
        else { throw IssuerError(.unavailable, "upstream authority answered with the wrong certificate") }
        let root = try Self.root(of: answer, at: now)
        let notAfter = (answer.chain + [root]).map(\.notAfter).reduce(end, min)
        let notBefore = answer.chain.map(\.notBefore).reduce(proposal.notBefore, max)
        guard now < notAfter else { throw IssuerError(.unavailable, "upstream authority answered with an ended one") }
        let entry = AuthorityEntry(
            key: key, status: .prepared, issuedAt: max(notBefore, now), notAfter: notAfter, admission: admission,
            certificate: own, upstreamChain: Array(answer.chain.dropFirst()),
            upstreamAuthorityID: DomainBundle.authorityID(of: root))
        return (entry, answer.roots)
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

    /// The root at which the chain ends, each link checked.
    private static func root(of answer: UpstreamCertificate, at now: CertificateTime) throws -> X509Certificate {
        func fail(_ detail: String) -> IssuerError {
            IssuerError(.unavailable, "upstream authority answered with an unusable chain", detail: detail)
        }
        for (lower, upper) in zip(answer.chain, answer.chain.dropFirst()) {
            guard lower.certificate.issuer == upper.certificate.subject, lower.hasSignature(by: upper) else {
                throw fail("a certificate is not signed by the next one")
            }
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
