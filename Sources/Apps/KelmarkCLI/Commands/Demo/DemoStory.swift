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

/// The story of `kelmark demo`: the same parts as in real life, in a folder that is thrown away.
struct DemoStory {
    let folder: String
    let openssl: String
    let context: CommandContext

    private static let organisation = "acme"
    private static let issuer = "issuer"
    private static let domain = "acme.example"
    private static let workload = "spiffe://acme.example/web"
    /// Fewest corruptions that the drill must try.
    private static let fewestCorruptions = 55

    /// Tells it; throws when anything is not as it must be.
    func tell() async throws -> OrderedMap {
        let wallet = try await makeHome()
        return try await DemoNetwork.with(folder: folder + "/home", context: context) { network in
            try await tell(wallet, network)
        }
    }

    private func tell(_ wallet: HomeWallet, _ network: DemoNetwork) async throws -> OrderedMap {
        try await meetWitnesses(wallet, network)
        let organisation = try await makeOrganisation(wallet, network)
        let desk = IssuingDesk(wallet, home: HomeFolder(path: folder + "/home"))
        let credential = try await authoriseIssuer(desk, organisation, network)
        let statement = try await sealStatement(desk)
        let issued = try await signSVID(desk)
        try askOpenSSL(issued)
        try verify(issued, root: organisation)
        let agreeing = try await watch(organisation, wallet, network)
        let drill = try await drill(issued.proof, root: organisation)
        let revocation = try await revoke(credential, issued, root: organisation, desk, network)
        return [
            "organisation": .text(organisation.text), "issuer": .text(statement.issuer.text),
            "credential": .text(credential.text), "statement": .text(statement.said.text), "svid": .text(Self.workload),
            "openssl": "accepted",
            "witnesses": OrderedValue(network.witnesses.count), "watcher": OrderedValue(agreeing),
            "verdict": "proven", "corruptions": .list(drill), "revocation": .map(revocation),
        ]
    }

    // MARK: Telling

    private func say(_ text: String) {
        let console = context.console
        if console.isJSON || console.verbosity == .quiet {
            console.progress(text)
        } else {
            console.output(["[\(console.elapsed)] \(text)"])
        }
    }

    private func add(_ text: String) {
        guard !context.console.isJSON, context.console.verbosity > .quiet else { return }
        context.console.output(["          \(text)"])
    }

    private func differs(_ text: String) -> CommandFailure { CommandFailure("KM-DEMO-DIFFERS", text) }

    // MARK: Steps

    private func makeHome() async throws -> HomeWallet {
        let home = HomeFolder(path: folder + "/home")
        try home.create()
        say("A vault for private keys is made in a throw-away folder, sealed with a random passphrase.")
        let vault = try SealedFileVault.create(
            at: home.vault, passphrase: try .random(count: 32), cost: Argon2id.Tier.low.cost)
        try FileWalletBook(path: home.book).save([])
        return HomeWallet(
            store: try SQLiteKeyEventStore(path: home.events), vault: vault, book: FileWalletBook(path: home.book))
    }

    private func meetWitnesses(_ wallet: HomeWallet, _ network: DemoNetwork) async throws {
        let introducer = Introducer(wallet, transport: network.transport, clock: SystemClock())
        for witness in network.witnesses {
            guard try await introducer.follow(witness.oobi).aid == witness.aid else {
                throw differs("a witness introduces another")
            }
        }
        say("Three witnesses and a watcher listen on loopback. Each witness introduces itself by its own signed log.")
    }

    /// Brings what waits to the witnesses.
    private func publish(_ aid: AID, _ wallet: HomeWallet, _ network: DemoNetwork) async throws {
        let report = try await Receiptor(wallet, transport: network.transport, clock: SystemClock()).deliver(aid)
        guard report.isMet, report.witnesses.allSatisfy({ $0.result == .receipted }) else {
            throw differs("not every witness has receipted")
        }
    }

    /// Lets the watcher look at the organisation through all of its witnesses.
    private func watch(_ organisation: AID, _ wallet: HomeWallet, _ network: DemoNetwork) async throws -> Int {
        let urls = try wallet.introductions(of: organisation).map(\.url)
        try network.watcher.add(organisation, introducedBy: urls)
        await network.watcher.poll(organisation)
        guard try network.watcher.keyState(of: organisation)?.said == wallet.keyState(of: organisation)?.said,
            network.watcher.duplicities().isEmpty
        else { throw differs("the watcher sees another log") }
        say("A watcher asks every witness about the organisation: all show the same log, and no contradiction.")
        add("\(urls.count) witnesses, event \(try wallet.keyState(of: organisation)?.sn.hex ?? "")")
        return urls.count
    }

    private func makeOrganisation(_ wallet: HomeWallet, _ network: DemoNetwork) async throws -> AID {
        var plan = CreationPlan(name: Self.organisation)
        plan.keyCount = 3
        plan.signingThreshold = .count(2)
        plan.signers = [0, 2]
        plan.witnesses = network.witnesses.map(\.aid)
        plan.witnessThreshold = UInt32(network.witnesses.count)
        let created = try await wallet.create(plan, now: context.now)
        try await publish(created.event.aid, wallet, network)
        let authored = try wallet.settled(created)
        guard authored.outcome.isInLog else { throw differs("the organisation's inception is not accepted") }
        say(
            "The organisation \"\(Self.organisation)\" is created: three keys, any two must sign, and three witnesses "
                + "receipt. Everything hangs from its AID:"
        )
        add(authored.event.aid.text)
        return authored.event.aid
    }

    /// Has what was written sealed by the organisation and receipted by its witnesses.
    private func settle(_ issued: IssuedEvent, _ desk: IssuingDesk, _ network: DemoNetwork) async throws {
        try await publish(issued.event.owner, desk.wallet, network)
        guard try desk.issuing.settle(issued.event, now: context.now) == .accepted else {
            throw differs("a registry event is not accepted")
        }
    }

    private func authoriseIssuer(
        _ desk: IssuingDesk, _ organisation: AID, _ network: DemoNetwork
    ) async throws -> SAID {
        let issuer = try await desk.wallet.create(CreationPlan(name: Self.issuer), now: context.now)
        guard issuer.outcome.isInLog else { throw differs("the issuer's inception is not accepted") }
        let book = AuthorityBook(desk: desk)
        try book.learnSchema(now: context.now)
        let name = AuthorityBook.registryName(of: Self.organisation)
        try await settle(
            try await desk.issuing.create(
                name, owner: Self.organisation, nonce: try RandomBytes.generate(count: 16), signers: [0, 1],
                now: context.now), desk, network)
        let limits = try AuthorityLimits(
            pathPrefixes: [.all], longestX509: 86_400, longestJWT: 3600, mostKeys: 2)
        let credential = try book.credential(
            from: organisation, in: try desk.issuing.registry(name).said, to: issuer.event.aid,
            domain: try TrustDomain(Self.domain), limits: limits, now: context.now)
        try await settle(
            try await desk.issuing.issue(credential, dated: context.now, signers: [1, 2], now: context.now), desk,
            network)
        say(
            "The organisation opens a registry and issues an authority credential to an issuer: it may sign for "
                + "\(Self.domain), within limits. Its log seals both, signed by two keys."
        )
        add(credential.said.text)
        add("\(limits)")
        return credential.said
    }

    private func service(_ desk: IssuingDesk) throws -> IssuerService {
        try IssuerService(
            desk, folder: IssuerFolder(path: folder + "/home/" + Product.HomeFile.issuers), name: Self.issuer)
    }

    private func sealStatement(_ desk: IssuingDesk) async throws -> AuthorityStatement {
        let sealed = try await service(desk).makeStatement(
            trustDomain: try TrustDomain(Self.domain), from: try context.certificateTime, lifetime: 86_400,
            at: context.now)
        guard sealed.sealing.outcome.isInLog else { throw differs("the statement is not sealed") }
        say(
            "The issuer states its signing key for the trust domain \(Self.domain), and seals the statement in its log."
        )
        add(sealed.statement.said.text)
        return sealed.statement
    }

    private func signSVID(_ desk: IssuingDesk) async throws -> IssuerService.Issued {
        let request = folder + "/web.csr"
        let made = try Tool.run(
            openssl,
            [
                "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/",
                "-keyout", folder + "/web.key", "-out", request,
            ])
        guard made.status == 0 else { throw differs("openssl can't make a request: \(made.output)") }
        let pem = String(decoding: try DurableFile.read(request, atMost: 1 << 16), as: UTF8.self)
        let issued = try await service(desk).sign(
            try VerifiedCertificateRequest(pem: pem), id: try SPIFFEID(Self.workload), dnsNames: [],
            now: try context.certificateTime, lifetime: 3600)
        try DurableFile.writeOutput(Array(issued.leaf.pem.utf8), to: folder + "/web.pem")
        try DurableFile.writeOutput(Array(issued.authority.pem.utf8), to: folder + "/web-authority.pem")
        try DurableFile.writeOutput(issued.proof, to: folder + "/web.kel")
        say("A worker makes its own key with openssl and asks; the issuer signs its X.509-SVID, with a proof file:")
        add("\(Self.workload), valid until \(issued.leaf.notAfter), proof of \(issued.proof.count) bytes")
        return issued
    }

    private func askOpenSSL(_ issued: IssuerService.Issued) throws {
        let result = try Tool.run(
            openssl, ["verify", "-x509_strict", "-CAfile", folder + "/web-authority.pem", folder + "/web.pem"])
        guard result.status == 0 else { throw differs("openssl refuses the chain: \(result.output)") }
        say("openssl verify -x509_strict accepts the chain:")
        add(result.output.split(separator: "\n").last.map { String($0).replacing(folder + "/", with: "") } ?? "OK")
    }

    private func verify(_ issued: IssuerService.Issued, root: AID) throws {
        let report = ProofVerifier.verify(
            issued.proof, root: root, trustDomain: try TrustDomain(Self.domain), at: try context.certificateTime)
        guard report.verdict == .proven, report.rungs.allSatisfy({ $0.verdict == .proven }) else {
            throw differs(
                "the proof is \(report.verdict.rawValue): \(report.decidingRung?.reasons.first?.description ?? "")")
        }
        say("Anybody with the organisation's AID verifies the proof offline: \(report.verdict.rawValue), rung by rung.")
        for rung in report.rungs {
            add(
                "\(Self.pad(rung.name.rawValue, 14))\(rung.verdict.rawValue)  \(rung.reasons.last.map(Self.short) ?? "")"
            )
        }
    }

    private func drill(_ proof: [UInt8], root: AID) async throws -> [OrderedValue] {
        let time = try context.certificateTime
        guard let drill = CorruptionDrill(file: proof, root: root, trustDomain: try TrustDomain(Self.domain), at: time)
        else { throw differs("the drill can't begin") }
        let results = try await drill.run()
        guard results.count >= Self.fewestCorruptions else {
            throw differs("only \(results.count) corruptions were tried")
        }
        say(
            "Now the proof is damaged in \(results.count) ways. Each damage has one allowed verdict, rung and "
                + "exit code:"
        )
        let width = results.map(\.corruption.name.count).max() ?? 0
        add("\(Self.pad("damage", width + 2))\(Self.pad("verdict", 14))\(Self.pad("rung", 14))exit")
        for result in results {
            let mark =
                result.isAsExpected
                ? "as expected"
                : "EXPECTED \(result.corruption.verdict.rawValue) \(result.corruption.rung?.rawValue ?? "-")"
            add(
                Self.pad(result.corruption.name, width + 2) + Self.pad(result.verdict.rawValue, 14)
                    + Self.pad(result.rung?.rawValue ?? "-", 14) + Self.pad("\(result.verdict.exitCode)", 6) + mark)
        }
        let wrong = results.filter { !$0.isAsExpected }
        guard wrong.isEmpty else {
            throw differs("\(wrong.count) damages got another verdict; first \(wrong.first?.corruption.name ?? "")")
        }
        say("\(results.count) of \(results.count) as expected.")
        return results.map {
            [
                "name": .text($0.corruption.name), "action": .text($0.corruption.action),
                "verdict": .text($0.verdict.rawValue), "rung": $0.rung.map { .text($0.rawValue) } ?? .null,
                "exit": OrderedValue($0.verdict.exitCode), "asExpected": .boolean($0.isAsExpected),
            ]
        }
    }

    /// Ends the issuer, and asks three questions: before, after, and after about before.
    private func revoke(
        _ credential: SAID, _ issued: IssuerService.Issued, root: AID, _ desk: IssuingDesk, _ network: DemoNetwork
    ) async throws -> OrderedMap {
        guard let before = try desk.wallet.keyState(of: root)?.sn else { throw differs("the log is gone") }
        try await settle(
            try await desk.issuing.revoke(credential, dated: context.now, signers: [0, 2], now: context.now), desk,
            network)
        say("At last the organisation revokes the credential. The proof of the same SVID, before and now:")
        let time = try context.certificateTime
        let domain = try TrustDomain(Self.domain)
        let now = try service(desk).prove(issued.leaf, now: time)
        try DurableFile.writeOutput(now.proof, to: folder + "/web-revoked.kel")
        let issuer = issued.statement.issuer.text
        let positions = [
            LogPosition(aid: root, sn: before),
            issued.report.asOf.first { $0.aid == issuer }.flatMap {
                LogPosition("\($0.aid):\(String($0.sn, radix: 16))")
            },
        ].compactMap(\.self)
        let rows: [(name: String, report: VerdictReport, expected: Verdict)] = [
            ("before", ProofVerifier.verify(issued.proof, root: root, trustDomain: domain, at: time), .proven),
            ("after", now.report, .contradicted),
            (
                "as of before",
                ProofVerifier.verify(now.proof, root: root, trustDomain: domain, at: time, asOf: positions), .proven
            ),
        ]
        var told = OrderedMap()
        for row in rows {
            let reason = row.report.decidingRung.map { "\($0.name.rawValue): \($0.reasons.first?.code ?? "")" } ?? ""
            guard row.report.verdict == row.expected else {
                throw differs("\(row.name) the revocation the proof is \(row.report.verdict.rawValue) \(reason)")
            }
            add(Self.pad(row.name, 14) + Self.pad(row.report.verdict.rawValue, 14) + reason)
            told[row.name] = .text(row.report.verdict.rawValue)
        }
        guard now.report.decidingRung?.reasons.first?.code == "credential-revoked" else {
            throw differs("the proof is not contradicted by the revocation")
        }
        return told
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    /// A reason without the long identifiers.
    private static func short(_ reason: Reason) -> String { reason.code }
}
