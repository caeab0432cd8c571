// SPDX-License-Identifier: Apache-2.0

import Foundation
import NodeAgent
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import IdentityGRPC

/// The rules of facts (SPIFFE) 10, one stream at a time.
struct SecretStreamTests {
    typealias Secret = Envoy_Extensions_TransportSockets_Tls_V3_Secret
    typealias Validator = Envoy_Extensions_TransportSockets_Tls_V3_SPIFFECertValidatorConfig

    private let answers: ScriptedAnswers

    init() throws { answers = try ScriptedAnswers() }

    private static func request(
        _ names: [String], nonce: String = "", minor: UInt32? = 40,
        change: (inout SecretStream.Request) -> Void = { _ in }
    ) -> SecretStream.Request {
        .with {
            $0.resourceNames = names
            $0.typeURL = SecretSet.typeURL
            $0.responseNonce = nonce
            if let minor {
                $0.node.userAgentBuildVersion.version.majorNumber = 1
                $0.node.userAgentBuildVersion.version.minorNumber = minor
            }
            change(&$0)
        }
    }

    private func stream(_ names: SecretNames = SecretNames()) -> SecretStream {
        var count = 0
        return SecretStream(names: names) {
            count += 1
            return "nonce\(count)"
        }
    }

    private func secrets(_ response: SecretStream.Response?) throws -> [Secret] {
        try #require(response).resources.map { any in
            #expect(any.typeURL == SecretSet.typeURL)
            return try Secret(serializedBytes: any.value)
        }
    }

    /// What one request for these names gets.
    private func answer(
        _ names: [String], minor: UInt32? = 40, settings: SecretNames = SecretNames(),
        paths: [String] = ["/web", "/api"],
        change: (inout SecretStream.Request) -> Void = { _ in }
    ) throws -> [Secret] {
        var stream = stream(settings)
        stream.update(try state(paths))
        _ = try stream.receive(Self.request(names, minor: minor, change: change))
        return try secrets(try stream.next())
    }

    private func state(_ paths: [String] = ["/web", "/api"]) throws -> X509Update {
        paths.count == 1 ? try answers.update(paths[0]) : try answers.update(paths[0], paths[1])
    }

    private func validator(_ secret: Secret) throws -> Validator {
        let config = secret.validationContext.customValidatorConfig
        #expect(config.name == "envoy.tls.cert_validator.spiffe")
        let prefix = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3."
        #expect(config.typedConfig.typeURL == prefix + "SPIFFECertValidatorConfig")
        #expect(!secret.validationContext.hasTrustedCa)
        return try Validator(serializedBytes: config.typedConfig.value)
    }

    @Test func moreNamesThanAnyWorkloadHasAreRefused() throws {
        var stream = stream()
        _ = try stream.receive(Self.request(Array(repeating: "default", count: SecretStream.mostNames)))
        let denial = #expect(throws: WorkloadDenial.self) {
            try stream.receive(Self.request(Array(repeating: "default", count: SecretStream.mostNames + 1)))
        }
        #expect(denial?.status == .invalidArgument)
    }

    // MARK: Names

    @Test func theDefaultIsTheFirstIdentity() throws {
        let found = try answer(["default"])
        #expect(found.map(\.name) == ["default"])
        let certificate = found[0].tlsCertificate
        #expect(certificate.certificateChain.inlineBytes.starts(with: Data("-----BEGIN CERTIFICATE-----\n".utf8)))
        #expect(certificate.privateKey.inlineBytes.starts(with: Data("-----BEGIN PRIVATE KEY-----\n".utf8)))
    }

    @Test func anIdentityGoesByItsID() throws {
        let found = try answer(["spiffe://example.org/api"])
        #expect(found.map(\.name) == ["spiffe://example.org/api"])
        #expect(found[0].tlsCertificate.hasPrivateKey)
    }

    @Test func theOwnBundleHasTwoNames() throws {
        let found = try answer(["ROOTCA", "spiffe://example.org"])
        #expect(found.map(\.name) == ["ROOTCA", "spiffe://example.org"])
        for secret in found {
            let validator = try validator(secret)
            #expect(validator.trustDomains.map(\.name) == ["example.org"])
            let pem = answers.authority.certificate.pem
            #expect(validator.trustDomains[0].trustBundle.inlineBytes == Data(pem.utf8))
        }
    }

    @Test func aForeignBundleGoesByItsDomain() throws {
        let found = try answer(["spiffe://partner.test"])
        #expect(try validator(found[0]).trustDomains.map(\.name) == ["partner.test"])
    }

    @Test func allBundlesStayApart() throws {
        let found = try answer(["ALL"])
        #expect(try validator(found[0]).trustDomains.map(\.name) == ["example.org", "partner.test"])
    }

    @Test func noNameMeansEverything() throws {
        #expect(
            try answer([]).map(\.name) == [
                "spiffe://example.org/web", "spiffe://example.org/api", "spiffe://example.org", "spiffe://partner.test",
            ])
    }

    @Test func eachNameIsAnsweredOnce() throws {
        #expect(try answer(["default", "default"]).map(\.name) == ["default"])
    }

    @Test(arguments: [["spiffe://nowhere.test/x"], ["default", "spiffe://nowhere.test/x"], ["", "x"], ["rootca"]])
    func unknownNamesEndTheStream(names: [String]) throws {
        let error = #expect(throws: WorkloadDenial.self) { try answer(names) }
        #expect(error?.status == .invalidArgument)
        #expect(error?.message.hasPrefix("workload is not authorized for the requested identities [\"") == true)
    }

    @Test func namesCanBeChangedAndSwitchedOff() throws {
        var settings = SecretNames()
        settings.defaultIdentity = "me"
        settings.ownBundle = ""
        #expect(try answer(["me"], settings: settings)[0].tlsCertificate.hasPrivateKey)
        for name in ["default", "ROOTCA", ""] {
            #expect(throws: WorkloadDenial.self) { try answer([name], settings: settings) }
        }
    }

    @Test func anIDWinsOverNames() throws {
        var settings = SecretNames()
        settings.ownBundle = "spiffe://example.org/web"
        settings.allBundles = "same"
        #expect(try answer(["spiffe://example.org/web"], settings: settings)[0].tlsCertificate.hasPrivateKey)
        settings.ownBundle = "same"
        #expect(try validator(try answer(["same"], settings: settings)[0]).trustDomains.count == 1)
    }

    // MARK: Old proxies

    @Test(arguments: [(nil, false), (17, false), (18, true), (40, true)] as [(UInt32?, Bool)])
    func oldProxiesGetPlainAuthorities(minor: UInt32?, isNew: Bool) throws {
        let context = try answer(["ROOTCA"], minor: minor)[0].validationContext
        #expect(context.hasCustomValidatorConfig == isNew)
        #expect(context.hasTrustedCa != isNew)
    }

    @Test func plainAuthoritiesAreOfOneDomainOnly() throws {
        let context = try answer(["ALL"], minor: nil)[0].validationContext
        #expect(context.trustedCa.inlineBytes == Data(answers.authority.certificate.pem.utf8))
    }

    @Test func theProxyCanAskForPlainAuthorities() throws {
        for value: Google_Protobuf_Value in [.init(boolValue: true), .init(stringValue: "true")] {
            let found = try answer(["ROOTCA"]) { $0.node.metadata.fields["disable_spiffe_cert_validation"] = value }
            #expect(found[0].validationContext.hasTrustedCa)
        }
        let found = try answer(["ROOTCA"]) {
            $0.node.metadata.fields["disable_spiffe_cert_validation"] = .init(boolValue: false)
        }
        #expect(!found[0].validationContext.hasTrustedCa)
    }

    @Test func theOperatorCanAskForPlainAuthorities() throws {
        var settings = SecretNames()
        settings.disablesSPIFFEValidation = true
        #expect(try answer(["ROOTCA"], settings: settings)[0].validationContext.hasTrustedCa)
    }

    // MARK: Requests and answers

    @Test func nothingIsSaidBeforeItIsAsked() throws {
        var stream = stream()
        stream.update(try state())
        #expect(try stream.next() == nil)
    }

    @Test func nothingIsSaidBeforeItIsKnown() throws {
        var stream = stream()
        _ = try stream.receive(Self.request(["default"]))
        #expect(try stream.next() == nil)
        stream.update(try state())
        #expect(try stream.next() != nil)
        #expect(try stream.next() == nil)
    }

    @Test func anAcknowledgementIsNotAnswered() throws {
        var stream = stream()
        stream.update(try state())
        _ = try stream.receive(Self.request(["default"]))
        let first = try #require(try stream.next())
        #expect((first.versionInfo, first.nonce) == ("1", "nonce1"))
        #expect(try stream.receive(Self.request(["default"], nonce: first.nonce)) == .taken)
        #expect(try stream.next() == nil)
    }

    @Test func otherNamesAreAnsweredAtOnce() throws {
        var stream = stream()
        stream.update(try state())
        _ = try stream.receive(Self.request(["default"]))
        let first = try #require(try stream.next())
        _ = try stream.receive(Self.request(["default", "ROOTCA"], nonce: first.nonce))
        let second = try #require(try stream.next())
        #expect((second.versionInfo, second.nonce) == ("2", "nonce2"))
        #expect(second.resources.count == 2)
    }

    @Test func aRequestAboutAnOlderAnswerIsPassedOver() throws {
        var stream = stream()
        stream.update(try state())
        _ = try stream.receive(Self.request(["default"]))
        let first = try #require(try stream.next())
        _ = try stream.receive(Self.request(["ROOTCA"], nonce: first.nonce))
        _ = try stream.next()
        #expect(try stream.receive(Self.request(["ALL"], nonce: first.nonce)) == .passedOver)
        #expect(try stream.receive(Self.request(["ALL"], nonce: "")) == .passedOver)
        #expect(try stream.next() == nil)
    }

    @Test func aRefusalIsNotAnsweredUnlessNamesChange() throws {
        var stream = stream()
        stream.update(try state())
        _ = try stream.receive(Self.request(["default"]))
        let first = try #require(try stream.next())
        let refusal = try stream.receive(
            Self.request(["default"], nonce: first.nonce) { $0.errorDetail.message = "no" })
        #expect(refusal == .refused("no"))
        #expect(try stream.next() == nil)
        _ = try stream.receive(
            Self.request(["ROOTCA"], nonce: first.nonce) { $0.errorDetail.message = "no" })
        #expect(try stream.next() != nil)
    }

    @Test func aChangeIsSentWithTheNextVersion() throws {
        var stream = stream()
        stream.update(try state())
        _ = try stream.receive(Self.request(["default"]))
        let first = try #require(try stream.next())
        stream.update(try state())
        stream.update(try state(["/web"]))
        let second = try #require(try stream.next())
        #expect(second.versionInfo == "2")
        #expect(second.resources != first.resources)
        // Two changes, one answer: the newest.
        #expect(try stream.next() == nil)
    }

    @Test func aChangeOfSomethingElseIsNoNews() throws {
        var stream = stream()
        stream.update(try state())
        _ = try stream.receive(Self.request(["ROOTCA"]))
        _ = try #require(try stream.next())
        stream.update(try state())
        #expect(try stream.next() == nil)
    }

    @Test func theNodeIsSaidOnce() throws {
        var stream = stream()
        stream.update(try state())
        _ = try stream.receive(Self.request(["default"], minor: 40))
        let first = try #require(try stream.next())
        _ = try stream.receive(Self.request(["ROOTCA"], nonce: first.nonce, minor: nil))
        #expect(try secrets(try stream.next())[0].validationContext.hasCustomValidatorConfig)
    }

    @Test func otherResourcesAreNotServed() throws {
        var stream = stream()
        let error = #expect(throws: WorkloadDenial.self) {
            try stream.receive(
                Self.request(["x"]) { $0.typeURL = "type.googleapis.com/envoy.config.cluster.v3.Cluster" })
        }
        #expect(error?.status == .invalidArgument)
    }

    @Test func noncesAreEightHexadecimalDigits() {
        for _ in 0..<100 {
            let nonce = SecretStream.randomNonce()
            #expect(nonce.utf8.count == 8)
            let isHexadecimal = nonce.allSatisfy(\.isHexDigit)
            #expect(isHexadecimal)
        }
    }
}
