// SPDX-License-Identifier: Apache-2.0

import IdentityGRPC
import IssuerTestKit
import KelmarkBytes
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import KelmarkCLI

private typealias API = Spire_Api_Server_Trustdomain_V1_TrustDomain.Method

@Suite struct RelationshipFileTests {
    private func read(_ text: String) throws -> [RelationshipRecord] {
        try RelationshipFile(Array(text.utf8), named: "f").relationships
    }

    private func one(_ members: String) -> String {
        #"{"federationRelationships":[{"trustDomain":"b.test","bundleEndpointURL":"https://b.test/"\#(members)}]}"#
    }

    @Test func filesOfSPIREsToolAreRead() throws {
        let certificate = try TestCertificates("b.test").authority
        let pem = OrderedValue.text(certificate.pem).compactText
        let read = try read(
            #"""
            {"federationRelationships": [
                {"trustDomain": "spiffe://b.test", "bundleEndpointURL": "https://b.test/", "bundleEndpointProfile": "https_web"},
                {"trustDomain": "c.test", "bundleEndpointURL": "https://c.test/", "bundleEndpointProfile": "https_spiffe",
                 "endpointSPIFFEID": "spiffe://c.test/spire/server", "trustDomainBundle": \#(pem),
                 "trustDomainBundleFormat": "pem"},
                {"trustDomain": "d.test", "bundleEndpointURL": "https://d.test/",
                 "trustDomainBundle": {"keys": [], "spiffe_sequence": 3}, "trustDomainBundleFormat": "spiffe"}
            ]}
            """#)
        #expect(read.map(\.trustDomain) == ["b.test", "c.test", "d.test"])
        #expect(read.map(\.profile) == [.web, .spiffe(endpointID: "spiffe://c.test/spire/server"), .web])
        #expect(read[0].bundle == nil)
        #expect(read[1].bundle?.x509Authorities.map(\.der) == [certificate.der])
        #expect(read[1].bundle?.trustDomain == "c.test")
        #expect(read[2].bundle?.sequence == 3)
    }

    @Test func theFormOfABundleShows() throws {
        #expect(try read(one(#","trustDomainBundle":{"keys":[],"spiffe_sequence":3}"#))[0].bundle?.sequence == 3)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"federationRelationships":{}}"#, #"{"federationRelationships":[1]}"#,
        #"{"federationRelationships":[],"other":1}"#, #"{"federationRelationships":[{}]}"#,
        #"{"federationRelationships":[{"trustDomain":"b.test"}]}"#,
        #"{"federationRelationships":[{"bundleEndpointURL":"https://b.test/"}]}"#,
        #"{"federationRelationships":[{"trustDomain":"B","bundleEndpointURL":"https://b.test/"}]}"#,
        #"{"federationRelationships":[{"trustDomain":"b.test","bundleEndpointURL":"http://b.test/"}]}"#,
    ])
    func whatIsNoSuchFileIsRefused(text: String) {
        let failure = #expect(throws: CommandFailure.self) { try read(text) }
        #expect(failure?.code == "KM-INPUT-RELATIONSHIPS")
    }

    @Test(arguments: [
        #","bundleEndpointProfile":"web""#, #","bundleEndpointProfile":1"#, #","bundleEndpointProfile":"https_spiffe""#,
        #","bundleEndpointProfile":"https_web","endpointSPIFFEID":"spiffe://b.test/s""#,
        #","endpointSPIFFEID":"spiffe://b.test""#, #","trustDomainBundlePath":"f""#, #","trustDomainBundle":"none""#,
        #","trustDomainBundle":"none","trustDomainBundleFormat":"spiffe""#,
        #","trustDomainBundle":{"keys":[]},"trustDomainBundleFormat":"pem""#,
        #","trustDomainBundle":{},"trustDomainBundleFormat":"jwks""#,
    ])
    func partsThatDoNotFitAreRefused(members: String) throws {
        let failure = #expect(throws: CommandFailure.self) { try read(one(members)) }
        #expect(failure?.code == "KM-INPUT-RELATIONSHIPS")
        #expect(failure?.cause.hasPrefix("f: relationship 0: ") == true, "\(failure?.cause ?? "")")
    }

    @Test func allOfAFileAreSent() async throws {
        let folder = try CommandFolder()
        let file = try folder.file(
            "r.json",
            #"{"federationRelationships":[{"trustDomain":"b.test","bundleEndpointURL":"https://b.test/"},"#
                + #"{"trustDomain":"c.test","bundleEndpointURL":"https://c.test/"}]}"#)
        let methods: [any ScriptedMethod] = [
            ScriptedCall(API.BatchCreateFederationRelationship.descriptor) {
                (request: API.BatchCreateFederationRelationship.Input)
                    -> API.BatchCreateFederationRelationship.Output in
                .with { answer in
                    answer.results = request.federationRelationships.map { sent in
                        .with { $0.federationRelationship = sent }
                    }
                }
            }
        ]
        let result = try await CommandDrive.run("federation", "create", "-data", file, against: methods)
        #expect(result.concern == nil)
        #expect(
            result.text.filter { $0.hasPrefix("Trust domain") } == [
                "Trust domain              : b.test", "Trust domain              : c.test",
            ])
    }
}
