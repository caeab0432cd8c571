// SPDX-License-Identifier: Apache-2.0

/// Why a message of SPIRE's API holds no value of ours.
struct MessageFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The member that is wrong, as the API calls it.
    let member: String
    /// What is wrong with it.
    let detail: String

    init(_ member: String, _ detail: some Sendable) {
        self.member = member
        self.detail = String(describing: detail)
    }

    var description: String { "\(member): \(detail)" }
}
