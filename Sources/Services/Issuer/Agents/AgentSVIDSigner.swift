// SPDX-License-Identifier: Apache-2.0

public import SPIFFE
internal import X509

/// Signs SVIDs of agents; composition fills it with the issuer's signing service.
public protocol AgentSVIDSigner: Sendable {
    /// Signs an SVID for the key of a PKCS#10 request; nothing else of the request is used.
    /// - Throws: ``IssuerError``, `invalidArgument` for a request that can't be read or proves no possession.
    func signAgentSVID(
        _ id: SPIFFEID, request: [UInt8], for requester: Requester
    ) async throws(IssuerError) -> AgentSVID
}

/// An SVID that was made for an agent.
public struct AgentSVID: Hashable, Sendable {
    /// Whose it is.
    public let id: SPIFFEID
    /// DER certificates, leaf first.
    public let chain: [[UInt8]]
    /// Serial number of the leaf in decimal.
    public let serialNumber: String
    /// The last moment at which the leaf is valid.
    public let expiresAt: CertificateTime

    /// Collects the parts.
    public init(id: SPIFFEID, chain: [[UInt8]], serialNumber: String, expiresAt: CertificateTime) {
        self.id = id
        self.chain = chain
        self.serialNumber = serialNumber
        self.expiresAt = expiresAt
    }

    /// What a signing service made.
    init(_ issued: IssuedX509SVID) {
        self.init(
            id: issued.id, chain: issued.chain.map(\.der),
            serialNumber: SerialNumber.decimal(Array(issued.leaf.certificate.serialNumber.bytes)),
            expiresAt: issued.leaf.notAfter)
    }

    var record: AttestedAgent.SVIDRecord {
        AttestedAgent.SVIDRecord(serialNumber: serialNumber, expiresAt: expiresAt.seconds)
    }
}

extension IssuingService: AgentSVIDSigner {
    /// As the protocol says.
    public func signAgentSVID(
        _ id: SPIFFEID, request: [UInt8], for requester: Requester
    ) async throws(IssuerError) -> AgentSVID {
        do {
            return AgentSVID(try await newAgentSVID(id, request: request, for: requester))
        } catch let error as IssuerError {
            throw error
        } catch {
            throw IssuerError(.internal, "failed to sign X509 SVID", cause: error)
        }
    }
}
