// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KERINetwork
internal import SPIFFE
internal import StorageSQLite
internal import TrustBinding

extension IssuerService {
    /// The proof that organisations stand behind the issuer's authorities, as of the newest events: what a bundle is judged
    /// by. It names every key and shows none.
    func proveAuthorities(now: CertificateTime) throws -> [UInt8] {
        let named = Set(try liveEntries(at: now).map(\.statement.credential))
        let authorities = try book.entries(issuer: controller.aid)
            .filter { $0.verdict.isValid || named.contains($0.authority.said.primitive) }
        guard !authorities.isEmpty else {
            throw CommandFailure(
                "KM-ISSUER-NO-AUTHORITY", "\(controller.identifier.name) has no authority credential",
                next: "\(Product.command) authority list")
        }
        return try proof(under: authorities).finish()
    }

    /// What every proof begins with: logs with delegators first, registries, credentials and their schema, the issuer's
    /// sealed statements and the withdrawals, because a verifier must know what every seal means.
    /// - Parameter first: the statement that the proof is about, if it is about one.
    func proof(
        under authorities: [AuthorityBook.Entry], first: AuthorityStatement? = nil
    ) throws -> ProofFileWriter {
        var writer = ProofFileWriter()
        var written: Set<AID> = []
        for end in authorities.map(\.authority.organisation) + [controller.aid] {
            var chain = [end]
            while let last = chain.last, let delegator = try wallet.keyState(of: last)?.delegator,
                !chain.contains(delegator)
            {
                chain.append(delegator)
            }
            for aid in chain.reversed() where written.insert(aid).inserted {
                writer.append(keyEventLog: try wallet.export(aid, withDelegators: false, withWaiting: false))
            }
        }
        for stream in try book.registryStreams(of: authorities) { writer.append(registry: stream) }
        for authority in authorities { writer.append(credential: try book.message(of: authority)) }
        writer.append(schema: AuthoritySchema.bytes)
        if let first { writer.append(.statement(first)) }
        for other in try sealedEntries() where other.statement.said != first?.said {
            writer.append(.statement(other.statement))
        }
        for record in try sealedWithdrawals() { writer.append(record) }
        return writer
    }
}

extension AuthorityBook {
    /// The events of the registries of credentials and the credentials' own, a stream for each registry.
    func registryStreams(of entries: [Entry]) throws -> [[UInt8]] {
        var registries: [SAID] = []
        for entry in entries where !registries.contains(entry.authority.registry) {
            registries.append(entry.authority.registry)
        }
        return try registries.map { registry in
            let credentials = entries.filter { $0.authority.registry == registry }.map(\.authority.said)
            return try desk.store.read(credentials: { transaction in
                var stream: [UInt8] = []
                for subject in [registry] + credentials {
                    for record in try transaction.events(of: subject, in: registry, from: .zero, limit: 1 << 10) {
                        stream += try record.message()
                    }
                }
                return stream
            })
        }
    }
}
