// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import KelmarkCrypto

/// Names of calls in the log, so that an operator finds what a caller was not told.
enum RequestID {
    /// A new name.
    /// - Throws: when there is no randomness.
    static func random() throws -> String { UUIDText.version4(try RandomBytes.generate(count: 16)) }
}
