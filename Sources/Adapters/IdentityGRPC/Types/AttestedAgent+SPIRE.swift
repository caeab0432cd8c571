// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Issuer
internal import SPIFFE
internal import SPIREAPI
internal import SwiftProtobuf

/// The members of an agent that an answer shows; the ID is always there.
struct AgentMask: OptionSet, Sendable {
    let rawValue: UInt8

    static let attestationType = AgentMask(rawValue: 1 << 0)
    static let serialNumber = AgentMask(rawValue: 1 << 1)
    static let expiresAt = AgentMask(rawValue: 1 << 2)
    static let selectors = AgentMask(rawValue: 1 << 3)
    static let banned = AgentMask(rawValue: 1 << 4)
    static let canReattest = AgentMask(rawValue: 1 << 5)
    static let version = AgentMask(rawValue: 1 << 6)
    static let all = AgentMask(rawValue: (1 << 7) - 1)
}

extension AgentMask {
    init(_ wire: Spire_Api_Types_AgentMask) {
        let members: [(Bool, AgentMask)] = [
            (wire.attestationType, .attestationType), (wire.x509SvidSerialNumber, .serialNumber),
            (wire.x509SvidExpiresAt, .expiresAt), (wire.selectors, .selectors), (wire.banned, .banned),
            (wire.canReattest, .canReattest), (wire.agentVersion, .version),
        ]
        self = members.reduce(into: []) { if $1.0 { $0.insert($1.1) } }
    }
}

extension Spire_Api_Types_Agent {
    init(_ agent: AttestedAgent, _ mask: AgentMask) {
        self.init()
        id = Spire_Api_Types_SPIFFEID(agent.id)
        if mask.contains(.attestationType) { attestationType = agent.attestationType }
        if mask.contains(.serialNumber) { x509SvidSerialNumber = agent.serialNumber }
        if mask.contains(.expiresAt) { x509SvidExpiresAt = agent.expiresAt }
        if mask.contains(.selectors) { selectors = agent.selectors.sorted().map { Spire_Api_Types_Selector($0) } }
        if mask.contains(.banned) { banned = agent.isBanned }
        if mask.contains(.canReattest) { canReattest = agent.canReattest }
        if mask.contains(.version) { agentVersion = agent.version }
    }
}

/// The filter of a list and that of a count: two messages with the same members.
protocol WireAgentFilter {
    var byAttestationType: String { get }
    var hasBySelectorMatch: Bool { get }
    var bySelectorMatch: Spire_Api_Types_SelectorMatch { get }
    var hasByBanned: Bool { get }
    var byBanned: Google_Protobuf_BoolValue { get }
    var hasByCanReattest: Bool { get }
    var byCanReattest: Google_Protobuf_BoolValue { get }
    var byExpiresBefore: String { get }
}

extension Spire_Api_Server_Agent_V1_ListAgentsRequest.Filter: WireAgentFilter {}
extension Spire_Api_Server_Agent_V1_CountAgentsRequest.Filter: WireAgentFilter {}

extension AgentFilter {
    /// - Throws: `invalidArgument` for a comparison that this version does not know.
    init(_ wire: some WireAgentFilter) throws(IssuerError) {
        self.init()
        if !wire.byAttestationType.isEmpty { attestationType = wire.byAttestationType }
        if wire.hasBySelectorMatch { selectors = try SelectorCondition(wire.bySelectorMatch) }
        if wire.hasByBanned { isBanned = wire.byBanned.value }
        if wire.hasByCanReattest { canReattest = wire.byCanReattest.value }
        if !wire.byExpiresBefore.isEmpty { expiresBefore = wire.byExpiresBefore }
    }
}

extension AttestationMessage {
    /// - Throws: `invalidArgument` for a message without content.
    init(_ wire: Spire_Api_Server_Agent_V1_AttestAgentRequest) throws(IssuerError) {
        switch wire.step {
        case .params(let params):
            guard params.hasData else {
                throw IssuerError(.invalidArgument, "malformed param: missing attestation data")
            }
            guard params.hasParams else {
                throw IssuerError(.invalidArgument, "malformed param: missing X509-SVID parameters")
            }
            self = .parameters(
                type: params.data.type, payload: Array(params.data.payload), request: Array(params.params.csr))
        case .challengeResponse(let response): self = .response(Array(response))
        case nil: throw IssuerError(.invalidArgument, "malformed param: missing params")
        }
    }
}

extension Spire_Api_Server_Agent_V1_AttestAgentResponse {
    init(_ reply: AttestationReply) {
        self.init()
        switch reply {
        case .challenge(let bytes): challenge = Data(bytes)
        case .result(let svid, let canReattest):
            result.svid = Spire_Api_Types_X509SVID(svid)
            result.reattestable = canReattest
        }
    }
}
