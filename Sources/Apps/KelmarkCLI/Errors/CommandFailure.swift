// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// Why a command did not end with status 0: a code of the catalogue, what happened this time, and what to type next.
struct CommandFailure: Error, Sendable, Hashable {
    /// Stable code, `KM-…`.
    let code: String
    /// What happened, in one sentence with the names concerned.
    let cause: String
    /// The command to type next.
    let next: String
    /// What is known all the same; member `data` of the envelope.
    var data: OrderedMap

    /// Names a failure; without `next` the advice of the catalogue is given.
    init(_ code: String, _ cause: String, next: String? = nil, data: OrderedMap = [:]) {
        self.code = code
        self.cause = printable(cause)
        self.next = next ?? ErrorCatalog.entry(code)?.next ?? "\(Product.command) explain \(code)"
        self.data = data
    }

    /// What the command ends with.
    var status: ExitStatus { ErrorCatalog.entry(code)?.status ?? .failure }

    static func == (left: CommandFailure, right: CommandFailure) -> Bool {
        left.code == right.code && left.cause == right.cause && left.next == right.next
    }

    func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
