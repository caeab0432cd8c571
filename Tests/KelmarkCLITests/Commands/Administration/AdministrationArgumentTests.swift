// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IdentityGRPC
import KelmarkBytes
import SPIFFE
import Testing

@testable import KelmarkCLI

@Suite struct AdministrationArgumentTests {
    private func parse<Command: ParsableCommand>(_ words: String...) throws -> Command {
        try #require(try RootCommand.parseAsRoot(words) as? Command)
    }

    @Test func entriesTakeOurSpellingsAndSPIREs() throws {
        let ours: EntryCreateCommand = try parse(
            "entry", "create", "--parent-id", "spiffe://a.test/n", "--spiffe-id", "spiffe://a.test/w", "--selector",
            "unix:uid:1", "--selector", "k8s:pod:x", "--x509-ttl", "10m", "--jwt-ttl", "60", "--federates-with",
            "b.test",
            "--admin", "--downstream", "--dns", "d", "--expires-at", "2027-01-01T00:00:00Z", "--store-svid", "--hint",
            "h",
            "--entry-id", "e", "--disable-x509-svid-prefetch", "--jwt-svid-include-jti")
        let theirs: EntryCreateCommand = try parse(
            "entry", "create", "-parentID", "spiffe://a.test/n", "-spiffeID=spiffe://a.test/w", "-selector",
            "unix:uid:1", "-selector", "k8s:pod:x", "-x509SVIDTTL", "600", "-jwtSVIDTTL", "60", "-federatesWith",
            "b.test", "-admin", "-downstream", "-dns", "d", "-entryExpiry", "1798761600", "-storeSVID", "-hint", "h",
            "-entryID", "e", "-disableX509SVIDPrefetch", "-jwtSVIDIncludeJTI")
        let entry = try ours.entry.entry(id: ours.entryID)
        #expect(try theirs.entry.entry(id: theirs.entryID) == entry)
        #expect(entry.id == "e")
        #expect(entry.x509SVIDTTL == 600)
        #expect(entry.jwtSVIDTTL == 60)
        #expect(entry.expiresAt == 1_798_761_600)
        #expect(entry.selectors.map(\.description) == ["unix:uid:1", "k8s:pod:x"])
        #expect(entry.attributes == EntryRecord.Attributes(disablesPrefetch: true, includesTokenID: true))
        #expect(entry.isAdmin && entry.isDownstream && entry.storesSVID)
        #expect(ours.entry.given == Set(EntryField.allCases))
    }

    @Test func otherCommandsTakeSPIREsSpellings() throws {
        let show: EntryShowCommand = try parse(
            "entry", "show", "-entryID", "e", "-matchSelectorsOn", "exact", "-output", "json", "-socketPath", "s")
        #expect(show.entryID == "e")
        #expect(show.options.filter.selectorsMatch == .exact)
        #expect(show.issuer.form.output == .json)
        #expect(show.issuer.socketPath == "s")
        let token: TokenCreateCommand = try parse("token", "generate", "-spiffeID", "spiffe://a.test/n", "-ttl", "30")
        #expect(token.lifetime == 30)
        let purge: NodePurgeCommand = try parse("node", "purge", "-dryRun", "-expiredFor", "720h")
        #expect(purge.dryRun && purge.expiredFor == 2_592_000)
        let list: NodeListCommand = try parse("node", "list", "-banned", "-canReattest", "-attestationType", "x509pop")
        #expect(try list.options.filter.isBanned == true)
        let federation: FederationCreateCommand = try parse(
            "federation", "create", "-trustDomain", "b.test", "-bundleEndpointURL", "https://b.test/",
            "-bundleEndpointProfile", "https_spiffe", "-endpointSpiffeID", "spiffe://b.test/spire/server")
        #expect(
            try federation.options.relationship
                == RelationshipRecord(
                    trustDomain: "b.test", url: "https://b.test/",
                    profile: .spiffe(endpointID: "spiffe://b.test/spire/server")))
        let bundle: BundleDeleteCommand = try parse("bundle", "delete", "-id", "spiffe://b.test", "-mode", "dissociate")
        #expect(bundle.mode == .dissociate && bundle.trustDomain == "b.test")
        let activate: X509AuthorityActivateCommand = try parse(
            "localauthority", "x509", "activate", "-authorityID", "a")
        #expect(try activate.name.authority == "a")
        let mint: X509MintAliasCommand = try parse("x509", "mint", "-spiffeID", "spiffe://a.test/w", "-dns", "d")
        #expect(mint.options.dnsNames == ["d"])
        let jwt: JWTMintAliasCommand = try parse("jwt", "mint", "-spiffeID", "spiffe://a.test/w", "-audience", "a")
        #expect(jwt.options.audience == ["a"])
        let fetch: WorkloadFetchJWTCommand = try parse(
            "api", "fetch", "jwt", "-audience", "a", "-spiffeID", "spiffe://a.test/w")
        #expect(fetch.audience == ["a"])
        let validate: WorkloadValidateJWTCommand = try parse("api", "validate", "jwt", "-audience", "a", "-svid", "t")
        #expect(validate.svid == "t")
        let _: WorkloadFetchX509Command = try parse("workload", "fetch")
        let _: DebugInfoCommand = try parse("debug")
    }

    /// SPIRE's agent and server are two programs; here their commands stand below `agent`, and below `issuer` or nothing.
    @Test func commandsHaveSPIREsNames() throws {
        let fetch: WorkloadFetchX509Command = try parse(
            "agent", "api", "fetch", "-silent", "-timeout", "1m30s", "-write", "d")
        #expect(fetch.silent && fetch.write == "d")
        #expect(try fetch.patience.duration == .seconds(90))
        let token: WorkloadFetchJWTCommand = try parse(
            "agent", "api", "fetch", "jwt", "-audience", "a", "-format", "json")
        #expect(token.format == .json)
        let _: WorkloadWatchCommand = try parse("agent", "api", "watch")
        let _: WorkloadValidateJWTCommand = try parse("agent", "api", "validate", "jwt", "-audience", "a", "-svid", "t")
        let _: AgentHealthCommand = try parse("agent", "healthcheck", "-shallow", "-verbose")
        let _: AgentDebugInfoCommand = try parse("agent", "debug", "getinfo", "-socketPath", "s")
        let _: AgentDebugInfoCommand = try parse("agent", "debug", "-socketPath", "s")
        let _: AgentServeCommand = try parse("agent", "run", "--trust-domain", "a.test", "--trust-bundle", "b")
        let _: IssuerServeCommand = try parse("issuer", "run", "--trust-domain", "a.test", "--claimed")
        let agent: AgentValidateCommand = try parse("agent", "validate", "-config", "c")
        #expect(agent.global.config == "c")
        let _: IssuerValidateCommand = try parse("issuer", "validate")
    }

    /// The path of the socket of one of several.
    @Test func instancesFillATemplate() throws {
        let environment = [
            "SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE": "/s/%i/api.sock", "SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE": "/p/%i",
            "SPIRE_AGENT_PRIVATE_SOCKET_TEMPLATE": "/a/%i/%i.sock",
        ]
        let issuer: EntryListCommand = try parse("entry", "list", "-instance", "b")
        #expect(try issuer.issuer.path(environment) == "/s/b/api.sock")
        let workload: WorkloadWatchCommand = try parse("workload", "watch", "--instance", "b")
        #expect(try workload.workload.address(environment) == .unix(path: "/p/b"))
        let agent: AgentLoggerGetCommand = try parse("agent", "logger", "get", "-instance=b")
        #expect(try agent.agent.path(environment) == "/a/b/b.sock")
        // A path that is said wins, and nothing said is nothing said.
        let both: EntryListCommand = try parse("entry", "list", "-instance", "b", "-socketPath", "/x")
        #expect(try both.issuer.path(environment) == "/x")
        let none: EntryListCommand = try parse("entry", "list", "-instance", "")
        #expect(try none.issuer.path(environment) == "/run/kelmark/issuer.sock")
        for wrong in [[:], ["SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE": "/s/api.sock"]] {
            let failure = #expect(throws: CommandFailure.self) { try issuer.issuer.path(wrong) }
            #expect(failure?.cause.contains("SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE") == true)
            #expect(failure?.status == .usage)
        }
        let outside: EntryListCommand = try parse("entry", "list", "-instance", "../b")
        #expect(throws: CommandFailure.self) { try outside.issuer.path(environment) }
    }

    @Test func anEntryNeedsThreeThings() throws {
        for (words, complaint) in [
            ([], "at least one selector is required"),
            (["--selector", "unix:uid:1"], "a SPIFFE ID is required"),
            (
                ["--selector", "unix:uid:1", "--spiffe-id", "spiffe://a.test/w"],
                "a parent ID is required if the entry is not for nodes (--node)"
            ),
        ] {
            let command = try #require(try RootCommand.parseAsRoot(["entry", "create"] + words) as? EntryCreateCommand)
            let failure = #expect(throws: CommandFailure.self) { try command.entry.entry(id: nil) }
            #expect(failure?.cause == complaint)
            #expect(failure?.status == .usage)
        }
        let node: EntryCreateCommand = try parse(
            "entry", "create", "-node", "-spiffeID", "spiffe://a.test/w", "-selector", "x509pop:subject:cn:foo")
        #expect(try node.entry.entry(id: nil, isNode: node.node).parentID.description == "spiffe://a.test/spire/server")
    }

    @Test func whatIsTypedWrongIsSaidPlainly() {
        for (words, complaint) in [
            (["--spiffe-id", "spiffe://example.org/x/"], "path cannot have a trailing slash"),
            (["--selector", "nocolon"], "selector \"nocolon\" must be formatted as type:value"),
            (["--spiffe-id", "spiffe://example.org"], "names a trust domain, not a workload"),
            (["--spiffe-id", "http://example.org/x"], "is no SPIFFE ID"),
            (["--x509-ttl", "-1"], ""), (["--x509-ttl", "1y"], "is no lifetime"),
            (["--x509-ttl", "99999999999"], "is no lifetime"), (["--federates-with", "B.test"], "is no trust domain"),
            (["--expires-at", "tomorrow"], "is no moment"),
        ] {
            let error = #expect(throws: (any Error).self) { try RootCommand.parseAsRoot(["entry", "create"] + words) }
            #expect(error.map { RootCommand.message(for: $0).contains(complaint) } == true, "\(words)")
        }
    }

    /// As Go prints and takes durations, and as it was before.
    @Test(arguments: [
        ("90", Int32(90)), ("0", 0), ("90s", 90), ("10m", 600), ("720h", 2_592_000), ("7d", 604_800), ("1h30m", 5400),
        ("24h0m0s", 86_400), ("1.5h", 5400), ("1h0.5m", 3630), ("1d12h", 129_600), ("2m0s500ms", 121), ("1ns", 1),
        ("1000000µs", 1), ("2147483647s", 2_147_483_647),
    ])
    func durationsOfGoAreLifetimes(text: String, seconds: Int32) throws { #expect(try Typed.lifetime(text) == seconds) }

    @Test(arguments: [
        "", "-1", "-1h", "s", "h1", "1h30", "1.h", "1 h", "1y", "1h-30m", "1.5", "2147483648s", "1,5h", "٣h", "1h30m ",
        "0000000000000000001s", "99999999999d", String(repeating: "1s", count: 33),
    ])
    func otherTextsAreNoLifetimes(text: String) {
        let error = #expect(throws: ValidationError.self) { try Typed.lifetime(text) }
        #expect(error?.message.contains("is no lifetime") == true)
    }

    @Test func lifetimesOfMintedIdentitiesAreGos() throws {
        let x509: X509MintAliasCommand = try parse("x509", "mint", "-spiffeID", "spiffe://a.test/w", "-ttl=1h30m")
        #expect(x509.options.lifetime == 5400)
        let jwt: JWTMintAliasCommand = try parse("jwt", "mint", "-spiffeID", "spiffe://a.test/w", "-ttl", "24h0m0s")
        #expect(jwt.options.lifetime == 86_400)
        let purge: NodePurgeCommand = try parse("agent", "purge", "-expiredFor", "1.5h")
        #expect(purge.expiredFor == 5400)
    }

    @Test func oneThingIsNamedOnce() async throws {
        for words in [
            ["entry", "delete"], ["entry", "delete", "a", "--entry-id", "b"], ["node", "show"],
            ["localauthority", "jwt", "activate"], ["federation", "refresh"], ["entry", "show", "a", "-entryID", "b"],
            ["entry", "create", "--data", "f", "--node"], ["entry", "update", "a", "--data", "f"],
            ["entry", "apply", "f", "--prune-under", "spiffe://a.test/n"],
            ["workload", "validate", "--audience", "a"], ["workload", "fetch", "jwt"],
            ["federation", "create"], ["federation", "create", "--trust-domain", "b.test"],
            ["federation", "create", "--data", "f", "--trust-domain", "b.test"],
            ["federation", "update", "-data", "f", "-trustDomainBundleFormat", "pem"],
            ["workload", "fetch", "x509", "--timeout", "0"], ["agent", "logger", "get"],
        ] {
            let failure = await #expect(throws: CommandFailure.self) { try await CommandDrive.run(words) }
            #expect(failure?.code == "KM-USAGE", "\(words)")
        }
    }

    @Test func whatEndsSomethingAsksFirst() async throws {
        for words in [
            ["localauthority", "x509", "taint", "a"], ["localauthority", "x509", "revoke", "a"],
            ["localauthority", "jwt", "taint", "a"], ["localauthority", "jwt", "revoke", "a"],
            ["upstreamauthority", "taint", "a"], ["upstreamauthority", "revoke", "a"],
        ] {
            let failure = await #expect(throws: CommandFailure.self) { try await CommandDrive.run(words) }
            #expect(failure?.code == "KM-NEEDS-YES", "\(words)")
            #expect(failure?.next == "kelmark \(words.joined(separator: " ")) --yes")
        }
    }

    @Test func everyRefusalOfAnIssuerHasACode() {
        for code in AdministrationError.Code.allCases {
            #expect(ErrorCatalog.entry(ErrorTranslation.code(for: code)) != nil, "\(code)")
            let failure = CommandFailure(workload: AdministrationError(code, "x"))
            #expect(ErrorCatalog.entry(failure.code) != nil, "\(code)")
        }
        let statuses: [(AdministrationError.Code, Int32)] = [
            (.unreachable, 3), (.notFound, 4), (.alreadyExists, 5), (.failedPrecondition, 5), (.permissionDenied, 1),
            (.invalidArgument, 2), (.unavailable, 3), (.deadlineExceeded, 3), (.internalError, 70),
        ]
        for (code, status) in statuses {
            #expect(
                ErrorTranslation.failure(for: AdministrationError(code, "x")).status.rawValue == status, "\(code)")
        }
        #expect(CommandFailure(workload: AdministrationError(.permissionDenied, "x")).code == "KM-WORKLOAD-NO-IDENTITY")
    }

    @Test func socketsAreInTheRuntimeFolder() {
        #expect(Product.Socket.path("s", environment: [:]) == "/run/kelmark/s")
        #expect(Product.Socket.path("s", environment: ["XDG_RUNTIME_DIR": "/run/user/1"]) == "/run/user/1/kelmark/s")
        #expect(Product.Socket.path("s", environment: ["XDG_RUNTIME_DIR": "relative"]) == "/run/kelmark/s")
    }
}
