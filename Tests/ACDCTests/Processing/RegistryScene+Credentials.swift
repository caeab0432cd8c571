// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes

@testable import ACDC

extension RegistryScene {
    /// A schema that any object fulfils.
    static func schema(_ title: String = "any") throws -> CredentialSchema {
        var map: OrderedMap = [
            "$id": "", "$schema": "https://json-schema.org/draft/2020-12/schema", "title": .text(title),
            "type": "object",
        ]
        return try CredentialSchema(parsing: SelfAddressing.seal(&map, labels: ["$id"]))
    }

    /// A credential of an issuer in a registry; nobody has issued it yet. `far` are credentials that it builds upon.
    func credential(
        _ note: String, by issuer: AID, in registry: SAID, schema: SAID, far: [Credential] = []
    ) throws -> Credential {
        var attributes: OrderedMap = ["d": "", "dt": .text(Self.now.description), "note": .text(note)]
        try SelfAddressing.seal(&attributes)
        var map: OrderedMap = [
            "v": "ACDC10JSON000000_", "d": "", "i": .text(issuer.text), "ri": .text(registry.text),
            "s": .text(schema.text), "a": .map(attributes),
        ]
        if !far.isEmpty {
            var edges: OrderedMap = ["d": ""]
            for (number, credential) in far.enumerated() {
                edges["e\(number)"] = .map(["n": .text(credential.said.text), "s": .text(credential.schema.text)])
            }
            try SelfAddressing.seal(&edges)
            map["e"] = .map(edges)
        }
        let body = try SelfAddressing.seal(&map, version: true)
        var parser = CredentialParser()
        return try parser.parse(body.span, format: .json)
    }

    func issuance(of credential: Credential, in state: RegistryState) throws -> RegistryEvent {
        try RegistryEventBuilder.issuance(of: credential.said, in: state, dated: Self.now)
    }

    func feed(_ credential: Credential, issuance: SAID? = nil, now: Timestamp = now) throws -> CredentialOutcome {
        var attachments = Attachments()
        if let issuance {
            attachments.sealSourceTriples = [
                SealSourceTriple(prefix: credential.said.primitive, sn: 0, said: issuance.primitive)
            ]
        }
        return try processor.process(credential, with: attachments, now: now).outcome
    }

    func isKept(_ credential: Credential) throws -> Bool {
        try store.read(credentials: { $0.credential(credential.said) != nil })
    }

    func reasons() throws -> [CredentialEscrowReason] { try escrows().map(\.key.reason) }
}
