// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Most bytes of one value of a line of the log.
    static let longestLogged = 1_024

    /// The text as a line of the log holds it.
    var cutForLog: String { cut(toBytes: Self.longestLogged) }

    /// The text, or its beginning of at most so many bytes: callers choose how long many texts are.
    func cut(toBytes limit: Int) -> String {
        utf8.count <= limit ? self : String(decoding: utf8.prefix(limit), as: UTF8.self)
    }
}
