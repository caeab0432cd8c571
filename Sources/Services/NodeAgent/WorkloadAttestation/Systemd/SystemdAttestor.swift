// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// What systemd knows about a process.
public struct SystemdUnit: Hashable, Sendable {
    /// The unit's name, `nginx.service` for instance.
    public let id: String
    /// The file that defines it; empty for units without one.
    public let fragmentPath: String

    /// Joins both.
    public init(id: String, fragmentPath: String) {
        self.id = id
        self.fragmentPath = fragmentPath
    }
}

/// Asks systemd, over D-Bus.
public protocol SystemdClient: Sendable {
    /// The unit to which a process belongs; nil for none.
    func unit(ofPID pid: Int32) async throws -> SystemdUnit?
}

/// Finds the systemd unit of a process. Facts (SPIFFE) 20.5.
public struct SystemdAttestor: WorkloadAttestor {
    /// The type of its selectors.
    public let name = "systemd"
    private let client: any SystemdClient

    /// Asks this client.
    public init(_ client: any SystemdClient) { self.client = client }

    /// `id` and `fragment_path`.
    public func selectors(of process: ProcessHandle) async throws -> Set<Selector> {
        guard let unit = try await client.unit(ofPID: process.pid) else { return [] }
        var found: Set<Selector> = []
        if !unit.id.isEmpty { found.insert(try Selector(type: name, value: "id:\(unit.id)")) }
        if !unit.fragmentPath.isEmpty {
            found.insert(try Selector(type: name, value: "fragment_path:\(unit.fragmentPath)"))
        }
        return found
    }
}
