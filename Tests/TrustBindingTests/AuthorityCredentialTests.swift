// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import Foundation
import KERI
import KelmarkBytes
import KelmarkTestSupport
import SPIFFE
import Testing

@testable import TrustBinding

struct AuthorityCase: Decodable, Sendable, CustomTestStringConvertible {
    struct File: Decodable {
        let credentials: [AuthorityCase]
        let authority: String
        let schemas: [String]
    }

    let name: String
    let credential: String
    let error: String?

    var testDescription: String { name }
    static let file = try! Vectors.decode(File.self, from: "TrustBinding/records.json")
    static let all = file.credentials

    func parsed() throws -> Credential {
        var parser = CredentialParser()
        let bytes = Array(credential.utf8)
        return try parser.parse(bytes.span, format: .json)
    }
}

struct AuthorityCredentialTests {
    @Test(arguments: AuthorityCase.all)
    func authorityVector(_ vector: AuthorityCase) throws {
        let credential = try vector.parsed()
        do {
            let authority = try AuthorityCredential(reading: credential)
            #expect(vector.error == nil)
            #expect(authority.said == credential.said && authority.issuer == credential.issuee)
            // What is read is written in the same way.
            let written = AuthorityCredential.attributes(trustDomain: authority.trustDomain, limits: authority.limits)
            let bytes = credential.bytes
            let bodyValue = try OrderedValue(parsing: bytes.span, format: .json)
            let body = try #require(bodyValue["a"]?.mapValue)
            #expect(written.members == body.members.filter { !["d", "i", "dt"].contains($0.label) })
        } catch let error as AuthorityCredentialError {
            #expect(error.code.rawValue == vector.error, "\(error)")
        }
    }

    @Test func everyVectorRuns() {
        #expect(AuthorityCase.all.count == 27)
        #expect(AuthorityCase.all.filter { $0.error == nil }.count == 4)
    }

    @Test func theSchemaIsThatOfTheVectors() throws {
        #expect(String(decoding: AuthoritySchema.bytes, as: UTF8.self) == AuthorityCase.file.authority)
        let bytes = AuthoritySchema.bytes
        let mapValue = try OrderedValue(parsing: bytes.span, format: .json)
        let map = try #require(mapValue.mapValue)
        #expect(map["$id"]?.textValue == AuthoritySchema.said)
        #expect(KERI.SelfAddressing.isSealed(map, labels: ["$id"]))
    }

    /// The published files are what the program uses.
    @Test func theSchemasArePublished() throws {
        let folder = Vectors.root.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/reference/schemas")
        let names = ["statement", "withdrawal", "suspension"]
        for (name, schema) in zip(names, RecordSchema.all) {
            let published = try Data(contentsOf: folder.appending(path: name + ".json"))
            #expect(Array(published) == schema.bytes)
        }
        let published = try Data(contentsOf: folder.appending(path: "authority-credential.json"))
        #expect(Array(published) == AuthoritySchema.bytes)
    }

    @Test func otherCredentialsAreRefused() throws {
        func code(_ change: (inout OrderedMap) throws -> Void) throws -> String? {
            let bytes = Array(AuthorityCase.all[0].credential.utf8)
            let mapValue = try OrderedValue(parsing: bytes.span, format: .json)
            var map = try #require(mapValue.mapValue)
            try change(&map)
            let changed = try KERI.SelfAddressing.seal(&map, version: true)
            var parser = CredentialParser()
            let credential = try parser.parse(changed.span, format: .json)
            do throws(AuthorityCredentialError) {
                _ = try AuthorityCredential(reading: credential)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(try code { _ in } == nil)
        #expect(try code { $0["s"] = .text(RecordSample.credential.text) } == "credential-schema s")
        #expect(try code { $0["ri"] = nil } == "credential-members ri")
        #expect(try code { $0["a"] = nil } == "credential-members a")
        #expect(try code { $0["a"] = .text(RecordSample.credential.text) } == "limits-not-disclosed a")
        #expect(
            try code { map in
                var rules: OrderedMap = ["d": "", "l": "text"]
                try KERI.SelfAddressing.seal(&rules)
                map["r"] = .map(rules)
            } == "credential-sections")
        #expect(
            try code { map in
                var attributes = try #require(map["a"]?.mapValue)
                attributes["i"] = nil
                try KERI.SelfAddressing.seal(&attributes)
                map["a"] = .map(attributes)
            } == "credential-untargeted i")
        #expect(
            try code { map in
                // A private credential can't be read by whoever judges a proof.
                var whole: OrderedMap = ["v": "", "d": "", "u": "0AAAAAAAAAAAAAAAAAAAAAAA"]
                for member in map.members where !["v", "d"].contains(member.label) {
                    whole[member.label] = member.value
                }
                whole["v"] = "ACDC10JSON000000_"
                map = whole
            } == "credential-sections")
    }

    @Test func prefixesHoldWholeSegments() {
        #expect(PathPrefix("/")?.contains("/a") == true)
        #expect(PathPrefix("/")?.contains("") == false)
        #expect(PathPrefix("/dev")?.contains("/dev") == true)
        #expect(PathPrefix("/dev")?.contains("/dev/a") == true)
        #expect(PathPrefix("/dev")?.contains("/developers") == false)
        #expect(PathPrefix("/dev/a")?.contains("/dev") == false)
        for text in ["", "dev", "/dev/", "//", "/a//b", "/.", "/a/..", "/ä", "/a b"] {
            #expect(PathPrefix(text) == nil, "\(text)")
        }
    }
}
