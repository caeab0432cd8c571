// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes
internal import SPIFFE

/// What one fetch of a bundle may take.
package struct FetchLimits: Hashable, Sendable {
    /// How long a connection may take to open.
    package var connect = Duration.seconds(10)
    /// How long one exchange may take, from the open connection to the last byte.
    package var exchange = Duration.seconds(20)
    /// Most bytes of a document.
    package var documentBytes = BundleDocument.limits.bodyBytes
    /// Most redirects in a row.
    package var redirects = 5

    /// The standard limits.
    package init() {}
}
