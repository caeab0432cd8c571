// SPDX-License-Identifier: Apache-2.0

/// Why a caller can't be told apart from others. None of it is shown to the caller.
public enum PeerFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kernel names no process of ours: pid 0 means that the caller lives in another pid namespace.
    case noProcess
    /// The process is gone.
    case gone
    /// The number belongs to another process now.
    case replaced
    /// The process runs under another user or group than when it connected.
    case credentialsChanged
    /// A file of the process can't be read; the number is the system's.
    case unreadable(String, errno: Int32)
    /// A file of the process is not what the kernel writes.
    case malformed(String)
    /// A file of the process is larger than what is read.
    case tooLarge(String)

    /// One clause for the operator.
    public var description: String {
        switch self {
        case .noProcess: "the kernel names no process (another pid namespace?)"
        case .gone: "the process is gone"
        case .replaced: "the pid belongs to another process now"
        case .credentialsChanged: "the process runs under another user or group than when it connected"
        case .unreadable(let file, let number): "\(file) of the process can't be read (errno \(number))"
        case .malformed(let file): "\(file) of the process is not understood"
        case .tooLarge(let file): "\(file) of the process is too large"
        }
    }
}
