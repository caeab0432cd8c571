// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IdentityGRPC
import KelmarkBytes
import Testing

@testable import KelmarkCLI

@Suite struct FederationViewTests {
    private let relationship = RelationshipRecord(
        trustDomain: "other.test", url: "https://127.0.0.1:28443/",
        profile: .spiffe(endpointID: "spiffe://other.test/spire/server"))
    private let block = [
        "Trust domain              : other.test",
        "Bundle endpoint URL       : https://127.0.0.1:28443/",
        "Bundle endpoint profile   : https_spiffe",
        "Endpoint SPIFFE ID        : spiffe://other.test/spire/server",
    ]

    @Test func relationshipsAreShownAsSPIREsToolDoes() {
        #expect(FederationView.found([relationship]).text == ["Found 1 federation relationship", ""] + block)
        let created = FederationView.written(
            [RecordResult(status: ItemStatus(code: 0, message: "OK"), item: relationship)], of: [relationship],
            verb: "create")
        #expect(created.text == [""] + block)
    }

    @Test func listsAreThoseOfTheAPI() {
        #expect(FederationView.found([]).json.compactText == #"{"federation_relationships":[],"next_page_token":""}"#)
        #expect(
            FederationView.json(relationship).compactText
                == #"{"bundle_endpoint_url":"https://127.0.0.1:28443/","https_spiffe":"#
                + #"{"endpoint_spiffe_id":"spiffe://other.test/spire/server"},"trust_domain":"other.test"}"#)
        let web = RelationshipRecord(trustDomain: "other.test", url: "https://o.test/", profile: .web)
        #expect(
            FederationView.json(web).compactText
                == #"{"bundle_endpoint_url":"https://o.test/","https_web":{},"trust_domain":"other.test"}"#)
    }

    @Test(arguments: [
        ["--url", "http://o.test/"], ["--url", "https://o.test/", "--profile", "https_spiffe"],
        ["--url", "https://o.test/", "--profile", "https_web", "--endpoint-id", "spiffe://o.test/x"],
    ])
    func profilesMustFit(words: [String]) throws {
        let command = try #require(
            try RootCommand.parseAsRoot(["federation", "create", "--trust-domain", "o.test"] + words)
                as? FederationCreateCommand)
        #expect(throws: CommandFailure.self) { try command.options.relationship }
    }
}
