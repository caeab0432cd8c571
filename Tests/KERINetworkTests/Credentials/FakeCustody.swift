// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KERINetwork
import KelmarkBytes
import Synchronization

/// Credentials that are accepted because a test says so.
final class FakeCustody: CredentialCustody {
    struct State {
        var standings: [SAID: CredentialStanding] = [:]
        var targets: [SAID: CredentialTarget] = [:]
        var proofs: [SAID: CredentialProof] = [:]
        var report = IntakeReport()
        var taken: [[UInt8]] = []
    }

    let state = Mutex(State())

    func take(_ stream: [UInt8], now: Timestamp) -> IntakeReport {
        state.withLock { state in
            state.taken.append(stream)
            return state.report
        }
    }
    func wake(after logs: Set<AID>, now: Timestamp) {}
    func standing(of credential: SAID) -> CredentialStanding { state.withLock { $0.standings[credential] ?? .unknown } }
    func target(of credential: SAID) -> CredentialTarget? { state.withLock { $0.targets[credential] ?? .untargeted } }
    func proof(of credential: SAID) -> CredentialProof? { state.withLock { $0.proofs[credential] } }

    /// Writes a credential that is held here from now on, with parts that fit each other.
    func hold(
        by issuer: AID, to issuee: AID?, artefacts: [[UInt8]] = [], note: String = "x"
    ) throws -> SAID {
        var attributes: OrderedMap = ["d": ""]
        if let issuee { attributes["i"] = .text(issuee.text) }
        attributes["note"] = .text(note)
        try SelfAddressing.seal(&attributes)
        let registry = try FakeCustody.said("registry")
        var map: OrderedMap = [
            "v": "ACDC10JSON000000_", "d": "", "i": .text(issuer.text), "ri": .text(registry.text),
            "s": .text(try FakeCustody.said("schema").text), "a": .map(attributes),
        ]
        let body = try SelfAddressing.seal(&map, version: true)
        guard let said = map["d"]?.textValue.flatMap({ SAID($0) }) else { throw ExchangeRefusal.badEmbed }
        var event: OrderedMap = [
            "v": "KERI10JSON000000_", "t": "iss", "d": "", "i": .text(said.text), "s": "0",
            "ri": .text(registry.text), "dt": .text(groupMoment().description),
        ]
        let issuance = try SelfAddressing.seal(&event, version: true)
        guard let issued = event["d"] else { throw ExchangeRefusal.badEmbed }
        var interaction: OrderedMap = [
            "v": "KERI10JSON000000_", "t": "ixn", "d": "", "i": .text(issuer.text), "s": "1", "p": .text(registry.text),
            "a": [["i": .text(said.text), "s": "0", "d": issued]],
        ]
        let anchor = try SelfAddressing.seal(&interaction, version: true)
        let proof = CredentialProof(credential: body, issuance: issuance, anchor: anchor, artefacts: artefacts)
        state.withLock { state in
            state.standings[said] = .held
            state.proofs[said] = proof
        }
        return said
    }

    static func said(_ text: String) throws -> SAID {
        var map: OrderedMap = ["d": "", "text": .text(text)]
        try SelfAddressing.seal(&map)
        guard let said = map["d"]?.textValue.flatMap({ SAID($0) }) else { throw ExchangeRefusal.malformed }
        return said
    }
}
