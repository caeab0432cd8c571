// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import NodeAgent
internal import SPIFFE
internal import SPIREAPI
internal import SwiftProtobuf

/// The secrets of one workload, in the form that its Envoy understands.
struct SecretSet {
    typealias Secret = Envoy_Extensions_TransportSockets_Tls_V3_Secret
    typealias ValidationContext = Envoy_Extensions_TransportSockets_Tls_V3_CertificateValidationContext
    typealias SPIFFEValidator = Envoy_Extensions_TransportSockets_Tls_V3_SPIFFECertValidatorConfig

    /// The resource type of all secrets.
    static let typeURL = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"

    let state: X509Update
    let names: SecretNames
    /// Whether Envoy has the validator that keeps trust domains apart.
    let usesSPIFFEValidator: Bool

    /// The secrets of those names, each once; all of them when none is named.
    /// - Throws: ``WorkloadDenial`` naming those that the workload has not.
    func resources(_ wanted: [String]) throws -> [Google_Protobuf_Any] {
        var secrets: [Secret] = []
        if wanted.isEmpty {
            secrets += state.svids.map { identity($0, named: $0.id.description) }
            for bundle in [state.bundle] + state.federatedBundles {
                secrets.append(try authorities(of: [bundle], named: bundle.trustDomain.id.description))
            }
        } else {
            var unknown: [String] = []
            var seen: Set<String> = []
            for name in wanted where seen.insert(name).inserted {
                if let secret = try secret(named: name) { secrets.append(secret) } else { unknown.append(name) }
            }
            guard unknown.isEmpty else {
                let list = unknown.map { "\"\($0)\"" }.joined(separator: " ")
                throw WorkloadDenial.invalidArgument(
                    "workload is not authorized for the requested identities [\(list)]")
            }
        }
        return try secrets.map { secret in
            try .with {
                $0.typeURL = Self.typeURL
                $0.value = try secret.serializedBytes(options: .deterministic)
            }
        }
    }

    /// IDs come before the names that the operator gave, and those in their order.
    private func secret(named name: String) throws -> Secret? {
        guard !name.isEmpty else { return nil }
        if let svid = state.svids.first(where: { $0.id.description == name }) { return identity(svid, named: name) }
        if let bundle = ([state.bundle] + state.federatedBundles).first(where: {
            $0.trustDomain.id.description == name
        }) {
            return try authorities(of: [bundle], named: name)
        }
        switch name {
        case names.defaultIdentity: return state.svids.first.map { identity($0, named: name) }
        case names.ownBundle: return try authorities(of: [state.bundle], named: name)
        case names.allBundles: return try authorities(of: [state.bundle] + state.federatedBundles, named: name)
        default: return nil
        }
    }

    private func identity(_ svid: WorkloadSVID, named name: String) -> Secret {
        .with {
            $0.name = name
            $0.tlsCertificate.certificateChain.inlineBytes = Self.pem(svid.chain)
            $0.tlsCertificate.privateKey.inlineBytes = Data(
                CertificateEncoding.pem(pkcs8: svid.key.pkcs8).utf8)
        }
    }

    private func authorities(of bundles: [X509Bundle], named name: String) throws -> Secret {
        var context = ValidationContext()
        if usesSPIFFEValidator {
            let validator = SPIFFEValidator.with { config in
                config.trustDomains = bundles.map { bundle in
                    .with {
                        $0.name = bundle.trustDomain.name
                        $0.trustBundle.inlineBytes = Self.pem(bundle.authorities)
                    }
                }
            }
            context.customValidatorConfig.name = "envoy.tls.cert_validator.spiffe"
            context.customValidatorConfig.typedConfig = try .with {
                $0.typeURL = "type.googleapis.com/" + SPIFFEValidator.protoMessageName
                $0.value = try validator.serializedBytes(options: .deterministic)
            }
        } else {
            // Never the authorities of several trust domains in one heap: each could then speak for all.
            context.trustedCa.inlineBytes = Self.pem(bundles.first?.authorities ?? [])
        }
        return .with {
            $0.name = name
            $0.validationContext = context
        }
    }

    private static func pem(_ certificates: [X509Certificate]) -> Data {
        Data(CertificateEncoding.pem(certificates).utf8)
    }
}

extension BinaryEncodingOptions {
    /// Equal messages are equal bytes, so that what did not change is seen not to have.
    static let deterministic: BinaryEncodingOptions = {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        return options
    }()
}
