// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Finds out properties of a process. Facts (SPIFFE) 20.5.
public protocol WorkloadAttestor: Sendable {
    /// Its name, which is also the type of its selectors.
    var name: String { get }
    /// What it finds; empty where the process is none of its kind, of no container for instance.
    /// - Throws: whatever it can't find out; its selectors are missing then, and the log says why.
    func selectors(of process: ProcessHandle) async throws -> Set<Selector>
}

/// Why an attestor finds nothing out.
public struct AttestorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One clause for the operator.
    public let description: String

    /// An error with one clause for the operator.
    public init(_ description: String) { self.description = description }
}
