// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import KelmarkCLI

@Suite struct FlagValuesTests {
    private func spelled(_ line: String) throws -> String {
        try FlagValues.spelled(line.split(separator: " ").map(String.init)).joined(separator: " ")
    }

    @Test(arguments: [
        ("entry create -admin=true", "entry create --admin"),
        ("entry create -downstream=false -hint h", "entry create --no-downstream -hint h"),
        ("entry create -storeSVID=T --admin=0", "entry create --store-svid --no-admin"),
        ("entry create --no-admin=true", "entry create --no-admin"),
        ("entry create --no-admin=False", "entry create --admin"),
        ("entry create -noStoreSVID=true", "entry create --no-store-svid"),
        ("entry create -noStoreSVID=false", "entry create --store-svid"),
        ("entry create -storeSVID -noStoreSVID=true", "entry create --no-store-svid"),
        (
            "entry create -noDisableX509SVIDPrefetch=T -noJwtSVIDIncludeJTI=0",
            "entry create --no-disable-x509-svid-prefetch --jwt-svid-include-jti"
        ),
        ("node list -noCanReattest=1", "node list --no-can-reattest"),
        ("entry create -node=1 -hint=h=true", "entry create --node -hint=h=true"),
        ("entry create -node=FALSE", "entry create"),
        ("agent purge -dryRun=t", "agent purge --dry-run"),
        ("node list -banned=f -canReattest=TRUE", "node list --no-banned --can-reattest"),
        ("debug --json=true", "debug --json"),
        ("agent api fetch -silent=true", "agent api fetch --silent"),
        ("token generate --quiet=true", "token generate --quiet"),
        // The last word counts.
        ("entry create -node -admin=true -node=false -admin=false", "entry create --no-admin"),
        ("entry create --no-admin -admin=true", "entry create --admin"),
    ])
    func valuesBecomeFlags(line: String, spelled: String) throws { #expect(try self.spelled(line) == spelled) }

    @Test(arguments: [
        "entry create -admin -hint h", "entry create -hint=true -dns=-admin=true", "entry show --entry-id=--json=true",
        "entry create -- -admin=true", "entry create -unknown=true", "nothing -admin=true", "",
        "---completion entry -- --admin=1",
    ])
    func theRestIsLeftAlone(line: String) throws {
        #expect(try spelled(line) == line)
    }

    @Test(arguments: [
        ("-admin=yes", "-admin takes true or false, not \"yes\""), ("--node=", "--node takes true or false, not \"\""),
        ("-storeSVID=tRUE", "-storeSVID takes true or false, not \"tRUE\""),
        ("--json=true=", "--json takes true or false, not \"true=\""),
    ])
    func whatIsNoTruthIsRefused(word: String, cause: String) {
        let failure = #expect(throws: CommandFailure.self) { try FlagValues.spelled(["entry", "create", word]) }
        #expect(failure?.code == "KM-USAGE")
        #expect(failure?.cause == cause)
        #expect(failure?.next == "kelmark entry create --help")
    }

    @Test func theCommandGetsThem() throws {
        let words = try FlagValues.spelled(["entry", "create", "-admin=true", "-downstream=false", "-storeSVID=true"])
        let command = try #require(try RootCommand.parseAsRoot(words) as? EntryCreateCommand)
        #expect(command.entry.admin == true)
        #expect(command.entry.downstream == false)
        #expect(command.entry.storesSVID == true)
        #expect(command.entry.disablesPrefetch == nil)
    }
}
