// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// Why a peer may not go on.
enum PeerRefusal: Error, Hashable, CustomStringConvertible {
    case noIdentity
    case unknownTrustDomain(TrustDomain)
    case refused([X509SVIDFault])
    case notAllowed(SPIFFEID, String)

    var description: String {
        switch self {
        case .noIdentity: "no certificate with exactly one SPIFFE ID"
        case .unknownTrustDomain(let trustDomain): "no bundle of \(trustDomain)"
        case .refused(let faults): faults.map(\.description).joined(separator: "; ")
        case .notAllowed(let id, let rule): "\(id) is not \(rule)"
        }
    }
}
