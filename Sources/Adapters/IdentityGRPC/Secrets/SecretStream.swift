// SPDX-License-Identifier: Apache-2.0

internal import NodeAgent
internal import SPIREAPI
internal import SwiftProtobuf

/// One stream of secret discovery: which answer is due after which request and which change. Pure.
///
/// Versions count answers, and the nonce says which answer a request is about: one about an older answer is passed over,
/// since the newer one is on its way. Facts (SPIFFE) 10.
struct SecretStream {
    typealias Request = Envoy_Service_Discovery_V3_DiscoveryRequest
    typealias Response = Envoy_Service_Discovery_V3_DiscoveryResponse

    /// Most names of one request: a workload has some identities and trust domains, and each name is looked for.
    static let mostNames = 1000

    private let names: SecretNames
    private let nonce: () -> String
    private var state: X509Update?
    private var node = Envoy_Config_Core_V3_Node()
    /// Nil before the first request.
    private var wanted: [String]?
    private var isDue = false
    private var sent: (version: UInt64, nonce: String, names: [String], resources: [Google_Protobuf_Any])?

    init(names: SecretNames, nonce: @escaping () -> String = SecretStream.randomNonce) {
        self.names = names
        self.nonce = nonce
    }

    /// What became of a request.
    enum Reception: Hashable {
        case taken
        /// It is about an answer that is not the last.
        case passedOver
        /// The client does not take the last answer, and says why.
        case refused(String)
    }

    /// Takes a request in.
    /// - Throws: ``WorkloadDenial`` when it is about something else than secrets, or about too many.
    mutating func receive(_ request: Request) throws(WorkloadDenial) -> Reception {
        guard request.typeURL.isEmpty || request.typeURL == SecretSet.typeURL else {
            throw .invalidArgument("unexpected resource type \"\(request.typeURL)\"")
        }
        guard request.resourceNames.count <= Self.mostNames else { throw .invalidArgument("too many resource names") }
        if let sent {
            guard request.responseNonce == sent.nonce else { return .passedOver }
        } else if wanted != nil {
            // A second request before the first answer can't be about an answer.
            guard request.responseNonce.isEmpty else { return .passedOver }
        }
        // The node may be left out after the first request.
        if request.hasNode { node = request.node }
        if wanted != request.resourceNames {
            wanted = request.resourceNames
            isDue = true
        }
        return request.hasErrorDetail ? .refused(request.errorDetail.message) : .taken
    }

    /// Takes a new state of the workload in; the newest counts.
    mutating func update(_ state: X509Update) {
        self.state = state
        if wanted != nil { isDue = true }
    }

    /// The answer that is due; nil when there is none.
    /// - Throws: ``WorkloadDenial`` for names that the workload has not.
    mutating func next() throws -> Response? {
        guard isDue, let state, let wanted else { return nil }
        isDue = false
        let set = SecretSet(state: state, names: names, usesSPIFFEValidator: node.hasSPIFFEValidator && !isDisabled)
        let resources = try set.resources(wanted)
        // A change of something that was not asked for is no news, unless other names were asked for.
        if let sent, sent.names == wanted, sent.resources == resources { return nil }
        let answer = (version: (sent?.version ?? 0) + 1, nonce: nonce(), names: wanted, resources: resources)
        sent = answer
        return .with {
            $0.versionInfo = String(answer.version)
            $0.nonce = answer.nonce
            $0.typeURL = SecretSet.typeURL
            $0.resources = resources
        }
    }

    private var isDisabled: Bool { names.disablesSPIFFEValidation || node.disablesSPIFFEValidation }

    static func randomNonce() -> String {
        let text = String(UInt32.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}

extension Envoy_Config_Core_V3_Node {
    /// Whether this Envoy has the validator for SPIFFE: from 1.18 on.
    var hasSPIFFEValidator: Bool {
        let version = userAgentBuildVersion.version
        return (version.majorNumber, version.minorNumber) >= (1, 18)
    }

    /// Whether the operator of this Envoy wants plain authorities.
    var disablesSPIFFEValidation: Bool {
        switch metadata.fields["disable_spiffe_cert_validation"]?.kind {
        case .boolValue(let value): value
        case .stringValue(let text): text == "true"
        default: false
        }
    }
}
