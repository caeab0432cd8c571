// SPDX-License-Identifier: Apache-2.0

/// Where an issuer listens.
package struct IssuerAddress: Hashable, Sendable {
    /// A DNS name or an IP address; all addresses of a name are used in turn.
    package let host: String
    /// The TCP port.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}
