// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Finds under whom a process acts, and which program it is. Facts (SPIFFE) 20.5.
///
/// User and groups are the effective ones. The program is looked at through the process itself: `sha256` is that of the
/// bytes that run, also after the file was replaced or removed. `path` is only given when the file at that path is the
/// one that runs: a path says nothing about a program of another mount namespace, or whose file was replaced. Neither says
/// who steers the program: whoever may run it as that user can have it load his code, or hand it his connection.
public struct UnixAttestor: WorkloadAttestor {
    /// What to find out about the program.
    public struct ProgramPolicy: Hashable, Sendable {
        /// Whether to look at the program at all.
        public var findsPath: Bool
        /// Largest program that is hashed, in bytes; nil hashes none.
        public var largestHashed: Int64?

        /// A policy; by default nothing is found out, which needs no rights over the process.
        public init(findsPath: Bool = false, largestHashed: Int64? = nil) {
            self.findsPath = findsPath
            self.largestHashed = largestHashed
        }
    }

    /// Most supplementary groups. A user with subordinate groups can have 65 536, each of which would be looked up and
    /// kept as long as a stream lasts.
    static let mostGroups = 1024

    /// The type of its selectors.
    public let name = "unix"
    private let accounts: any AccountNames
    private let program: ProgramPolicy
    private let threads: BlockingThreads
    private let hashes: ProgramHashes
    private let spared: Int32?

    /// - Parameters:
    ///   - accounts: names of users and groups.
    ///   - program: what to find out about the program.
    ///   - threads: where files are read.
    ///   - spared: a process whose program is not looked at: the agent itself, which asks whether its attestors answer, and
    ///     must not fail at a program that is larger than what is hashed.
    public init(
        accounts: any AccountNames = SystemAccountNames(), program: ProgramPolicy = ProgramPolicy(),
        threads: BlockingThreads, sparing spared: Int32? = nil
    ) {
        self.spared = spared
        self.accounts = accounts
        self.program = program
        self.threads = threads
        hashes = ProgramHashes()
    }

    /// Users, groups, and what the policy asks of the program.
    public func selectors(of process: ProcessHandle) async throws -> Set<Selector> {
        try await threads.run { [self] in
            let bytes = try process.read("status", limit: ProcessCredentials.largestStatus)
            guard let now = ProcessCredentials(status: bytes) else { throw PeerFault.malformed("status") }
            guard now.groups.count <= Self.mostGroups else {
                throw AttestorError("the process has more than \(Self.mostGroups) supplementary groups")
            }
            var found = try credentials(now)
            if program.findsPath, process.pid != spared { found.formUnion(try programSelectors(of: process)) }
            return found
        }
    }

    private func credentials(_ now: ProcessCredentials) throws -> Set<Selector> {
        var found: Set<Selector> = [
            try Selector(type: name, value: "uid:\(now.uid)"), try Selector(type: name, value: "gid:\(now.gid)"),
        ]
        if let user = accounts.user(now.uid) { found.insert(try Selector(type: name, value: "user:\(user)")) }
        if let group = accounts.group(now.gid) { found.insert(try Selector(type: name, value: "group:\(group)")) }
        for gid in now.groups {
            found.insert(try Selector(type: name, value: "supplementary_gid:\(gid)"))
            if let group = accounts.group(gid) {
                found.insert(try Selector(type: name, value: "supplementary_group:\(group)"))
            }
        }
        return found
    }

    private func programSelectors(of process: ProcessHandle) throws -> Set<Selector> {
        var found: Set<Selector> = []
        let file = try process.openProgram()
        let identity = try file.status()
        guard identity.isRegular else { throw AttestorError("the program is no regular file") }
        let path = try process.programPath()
        if Self.path(path, isOf: identity) {
            found.insert(try Selector(type: name, value: "path:\(path)"))
        }
        if let largest = program.largestHashed {
            found.insert(try Selector(type: name, value: "sha256:\(try hashes.hash(of: file, largest: largest))"))
        }
        return found
    }

    /// Whether the file at a path is the one that is known by its identity.
    static func path(_ path: String, isOf identity: FileIdentity) -> Bool {
        (try? OpenFile.status(at: path))?.isSameFile(as: identity) ?? false
    }
}
