// SPDX-License-Identifier: Apache-2.0

/// What a command ends with. The numbers are part of the interface.
enum ExitStatus: Int32, Sendable, CaseIterable {
    /// Done, or proven.
    case ok = 0
    /// Denied, or contradicted.
    case denied = 1
    /// The command line or the configuration is wrong.
    case usage = 2
    /// Can't be decided: something is missing, stale or unreachable.
    case undecidable = 3
    /// There is no such thing.
    case notFound = 4
    /// Something else stands in the way.
    case conflict = 5
    /// Waits for a signature, a receipt or an approval.
    case waiting = 6
    /// A failure of this program or of the machine.
    case failure = 70

    /// A word for it.
    var meaning: String {
        switch self {
        case .ok: "done, or proven"
        case .denied: "denied, refused or contradicted"
        case .usage: "wrong usage or configuration"
        case .undecidable: "undecidable, stale or unreachable"
        case .notFound: "not found"
        case .conflict: "conflict"
        case .waiting: "waiting for a signature, receipt or approval"
        case .failure: "a failure of the program or the machine"
        }
    }
}
