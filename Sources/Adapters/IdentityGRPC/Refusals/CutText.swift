// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text, or its beginning of at most so many bytes: callers choose how long many texts are.
    func cut(toBytes limit: Int) -> String {
        utf8.count <= limit ? self : String(decoding: utf8.prefix(limit), as: UTF8.self)
    }
}
