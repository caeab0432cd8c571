// SPDX-License-Identifier: Apache-2.0

/// Who is at the other end of a Unix socket: what the kernel said at accept (`SO_PEERCRED`), and the process itself.
///
/// Fixed for the life of the connection; attested anew for each call. Facts (SPIFFE) 20.4.
public struct WorkloadPeer: Sendable {
    /// The process.
    public let process: ProcessHandle
    /// The user that the kernel named.
    public let uid: UInt32
    /// The group that the kernel named.
    public let gid: UInt32

    /// The caller's process number in the agent's pid namespace.
    public var pid: Int32 { process.pid }

    /// Identifies a caller; to be called right after accept.
    /// - Parameters:
    ///   - pid: from `SO_PEERCRED`.
    ///   - uid: from `SO_PEERCRED`.
    ///   - gid: from `SO_PEERCRED`.
    ///   - peerDescriptor: from `SO_PEERPIDFD` where the kernel offers it; taken over, also when this throws.
    ///   - table: where the processes are.
    /// - Throws: ``PeerFault``: also when the process has other credentials than the kernel named, because then it is
    ///   another one, or no longer acts for whom it connected.
    public init(
        pid: Int32, uid: UInt32, gid: UInt32, peerDescriptor: Int32? = nil, in table: ProcessTable = .system
    ) throws(PeerFault) {
        process = try ProcessHandle(pid: pid, peerDescriptor: peerDescriptor, in: table)
        guard process.credentials.uid == uid, process.credentials.gid == gid else { throw .credentialsChanged }
        self.uid = uid
        self.gid = gid
    }
}
