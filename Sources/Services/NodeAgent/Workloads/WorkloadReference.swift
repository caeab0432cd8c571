// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Which workload is meant: the first of three steps, reference to selectors to identities.
public enum WorkloadReference: Sendable {
    /// Who is at the other end of a connection.
    case peer(WorkloadPeer)
    /// What a delegate knows about a workload. Facts (SPIFFE) 21.
    case selectors(Set<Selector>)
    /// A process that a delegate names by its number in the agent's pid namespace.
    case process(Int32)

    /// Whether somebody else speaks for the workload; such a caller never gets identities that administer or issue.
    var isDelegated: Bool {
        if case .peer = self { false } else { true }
    }
}
