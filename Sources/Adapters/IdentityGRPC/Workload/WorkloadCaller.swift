// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
package import NodeAgent

/// A process that calls the agent. Facts (SPIFFE) 20.4.
package struct WorkloadCaller: ServerContext.TransportSpecific {
    /// Who it is, or why that can't be told: such a caller is answered that attestation failed.
    package let peer: Result<WorkloadPeer, PeerFault>

    package init(peer: Result<WorkloadPeer, PeerFault>) { self.peer = peer }

    /// Takes hold of the process that connected. What ``IdentityServer`` is given to identify callers of an agent.
    package static func identify(_ credentials: PeerCredentials) -> WorkloadCaller {
        do throws(PeerFault) {
            return WorkloadCaller(
                peer: .success(
                    try WorkloadPeer(
                        pid: credentials.pid, uid: credentials.uid, gid: credentials.gid,
                        peerDescriptor: credentials.processDescriptor)))
        } catch {
            return WorkloadCaller(peer: .failure(error))
        }
    }
}

extension ServerContext {
    /// The calling process.
    /// - Throws: ``WorkloadDenial/attestationFailed`` when it can't be told.
    var workload: WorkloadPeer {
        get throws(WorkloadDenial) {
            guard case .success(let peer)? = (transportSpecific as? WorkloadCaller)?.peer else {
                throw .attestationFailed
            }
            return peer
        }
    }
}
