// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IdentityGRPC
import KelmarkBytes
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

    @Test func oneThingIsNamedOnce() async throws {
        for words in [
            ["entry", "delete"], ["entry", "delete", "a", "--entry-id", "b"], ["node", "show"],
            ["localauthority", "jwt", "activate"], ["federation", "refresh"], ["entry", "show", "a", "-entryID", "b"],
            ["entry", "create", "--data", "f", "--node"], ["entry", "update", "a", "--data", "f"],
            ["entry", "apply", "f", "--prune-under", "spiffe://a.test/n"],
            ["workload", "validate", "--audience", "a"], ["workload", "fetch", "jwt"],
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
