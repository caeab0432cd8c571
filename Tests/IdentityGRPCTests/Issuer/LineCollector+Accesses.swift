// SPDX-License-Identifier: Apache-2.0

import LogTestKit

extension LineCollector {
    /// The lines of the access log.
    var accesses: [[String: String]] { lines.filter { $0.message == "API accessed" }.map(\.fields) }

    func accesses(of method: String) -> [[String: String]] { accesses.filter { $0["method"] == method } }
}
