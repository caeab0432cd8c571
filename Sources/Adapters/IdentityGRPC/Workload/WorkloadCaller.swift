// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Logging
package import NodeAgent

/// A process that calls the agent. Facts (SPIFFE) 20.4.
package struct WorkloadCaller: ServerContext.TransportSpecific {
    /// Who it is, or why that can't be told: such a caller is answered that attestation failed.
    package let peer: Result<WorkloadPeer, PeerFault>
    /// What the kernel said, for the log.
    let pid: Int32
    let uid: UInt32
    let gid: UInt32

    private init(_ credentials: PeerCredentials, _ peer: Result<WorkloadPeer, PeerFault>) {
        self.peer = peer
        pid = credentials.pid
        uid = credentials.uid
        gid = credentials.gid
    }

    /// Takes hold of the process that connected. What ``IdentityServer`` is given to identify callers of an agent.
    package static func identify(_ credentials: PeerCredentials) -> WorkloadCaller {
        do throws(PeerFault) {
            return WorkloadCaller(
                credentials,
                .success(
                    try WorkloadPeer(
                        pid: credentials.pid, uid: credentials.uid, gid: credentials.gid,
                        peerDescriptor: credentials.processDescriptor)))
        } catch {
            return WorkloadCaller(credentials, .failure(error))
        }
    }
}

extension WorkloadCaller {
    /// Who calls in a context, and why that is not known for certain, in words for the log.
    static func logged(_ context: ServerContext) -> LoggedCaller {
        guard let caller = context.transportSpecific as? WorkloadCaller else { return LoggedCaller() }
        var fields: Logger.Metadata = ["pid": "\(caller.pid)", "uid": "\(caller.uid)", "gid": "\(caller.gid)"]
        if case .failure(let fault) = caller.peer { fields["caller_fault"] = "\(fault)" }
        return LoggedCaller(uid: caller.uid, fields: fields)
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
