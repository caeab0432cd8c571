// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// Where the kernel shows its processes.
public struct ProcessTable: Hashable, Sendable {
    /// The folder, `/proc` but in tests.
    let root: String
    /// Whether numbers are those of the kernel, so that it can be asked for handles.
    let isOfKernel: Bool

    /// The processes of this machine.
    public static let system = ProcessTable(root: "/proc", isOfKernel: true)

    /// A folder that looks like `/proc`.
    package init(folder root: String) {
        self.init(root: root, isOfKernel: false)
    }

    private init(root: String, isOfKernel: Bool) {
        self.root = root
        self.isOfKernel = isOfKernel
    }
}

/// One process, held so that another one that gets the same number is noticed.
///
/// Taken as early as possible, when a connection is accepted: it keeps the process's directory in `/proc` open, which
/// stays that process's although the number is given to another, remembers when the process began and under whom it
/// acted, and holds a kernel handle where there is one. All system calls here return at once, but may wait for the
/// kernel: keep them off threads that others need. Facts (SPIFFE) 20.4.
public final class ProcessHandle: Sendable {
    /// The number that the process has in the agent's pid namespace.
    public let pid: Int32
    /// Under whom it acted when the handle was taken.
    public let credentials: ProcessCredentials
    /// Where it was found.
    let table: ProcessTable
    private let startTime: UInt64
    private let directory: OpenFile
    private let kernelHandle: ProcessDescriptor?

    /// Takes hold of a process.
    /// - Parameters:
    ///   - pid: its number.
    ///   - peerDescriptor: a `pidfd` of the process that connected (`SO_PEERPIDFD`); the handle takes it over, also
    ///     when it throws. With it a number that was given away before the handle was taken is noticed as well.
    ///   - table: where to look.
    /// - Throws: ``PeerFault``.
    public init(
        pid: Int32, peerDescriptor: Int32? = nil, in table: ProcessTable = .system
    ) throws(PeerFault) {
        let given = peerDescriptor.map(ProcessDescriptor.init(owning:))
        guard pid > 0 else { throw .noProcess }
        self.pid = pid
        self.table = table
        do throws(SystemCallError) {
            directory = try OpenFile.open("\(table.root)/\(pid)", .directory)
        } catch {
            throw error.number == ENOENT ? .gone : .unreadable("directory", errno: error.number)
        }
        startTime = try Self.startTime(in: directory)
        credentials = try Self.credentials(in: directory)
        kernelHandle = given ?? (table.isOfKernel ? ProcessDescriptor(of: pid) : nil)
        // The process of the kernel's handle still lives, so nobody else had the number since the handle was made.
        if let kernelHandle, kernelHandle.hasEnded { throw .gone }
        // Where the handle was made only now, what was read before may be of the number's former owner.
        guard given == nil else { return }
        try check()
    }

    /// Whether it is still the same process, under the same user and group.
    /// - Throws: ``PeerFault``.
    public func check() throws(PeerFault) {
        if let kernelHandle, kernelHandle.hasEnded { throw .gone }
        // The directory of a process that is gone answers nothing, whoever has its number now.
        let now = try Self.credentials(in: directory)
        guard now.uid == credentials.uid, now.gid == credentials.gid else { throw .credentialsChanged }
        guard try Self.startTime(at: "\(table.root)/\(pid)") == startTime else { throw .replaced }
    }

    /// Reads a file of the process as a whole.
    /// - Throws: ``PeerFault``, ``PeerFault/tooLarge(_:)`` above `limit` bytes.
    func read(_ name: String, limit: Int) throws(PeerFault) -> [UInt8] {
        try Self.read(name, in: directory, limit: limit)
    }

    /// The program that runs, by handle: also when its file was replaced or removed.
    func openProgram() throws(PeerFault) -> OpenFile {
        do throws(SystemCallError) {
            return try directory.open("exe", .file)
        } catch {
            throw Self.fault("exe", error)
        }
    }

    /// The path of the program that runs, as the kernel tells it.
    func programPath() throws(PeerFault) -> String {
        do throws(SystemCallError) {
            return try directory.link("exe")
        } catch {
            throw Self.fault("exe", error)
        }
    }

    // MARK: Reading

    private static let largestStat = 4096

    private static func startTime(in directory: OpenFile) throws(PeerFault) -> UInt64 {
        let bytes = try read("stat", in: directory, limit: largestStat)
        guard let time = ProcessFiles.startTime(inStat: bytes) else { throw .malformed("stat") }
        return time
    }

    private static func startTime(at path: String) throws(PeerFault) -> UInt64 {
        let directory: OpenFile
        do throws(SystemCallError) {
            directory = try OpenFile.open(path, .directory)
        } catch {
            throw fault("directory", error)
        }
        return try startTime(in: directory)
    }

    private static func credentials(in directory: OpenFile) throws(PeerFault) -> ProcessCredentials {
        let bytes = try read("status", in: directory, limit: ProcessCredentials.largestStatus)
        guard let credentials = ProcessCredentials(status: bytes) else { throw .malformed("status") }
        return credentials
    }

    private static func read(_ name: String, in directory: OpenFile, limit: Int) throws(PeerFault) -> [UInt8] {
        do throws(SystemCallError) {
            let (bytes, isWhole) = try directory.open(name, .file).read(limit: limit)
            guard isWhole else { throw SystemCallError(number: EFBIG) }
            return bytes
        } catch {
            throw fault(name, error)
        }
    }

    private static func fault(_ name: String, _ error: SystemCallError) -> PeerFault {
        switch error.number {
        case ENOENT, ESRCH: .gone
        case EFBIG: .tooLarge(name)
        default: .unreadable(name, errno: error.number)
        }
    }
}
