// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import NIOCore

/// Where a connection comes from: the address as text, and the network that limits are counted by.
///
/// Who has one address of IPv6 has 2^64 of them: such sources are counted by the first half of the address.
package struct ConnectionSource: Hashable, Sendable, CustomStringConvertible {
    /// The address without port, for services and logs.
    package let address: String
    /// What connections are counted by.
    package let network: String

    /// The source of a connection from `address`; those without an IP address count as one.
    package init(_ address: SocketAddress?) {
        self.address = address?.ipAddress ?? "unknown"
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, self.address, &bytes) == 1 else {
            network = self.address
            return
        }
        // An IPv4 address in the clothes of IPv6, as listeners on `::` see it.
        if bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]) {
            network = bytes.suffix(4).map(String.init).joined(separator: ".")
        } else {
            let groups = stride(from: 0, to: 8, by: 2).map {
                String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
            }
            network = groups.joined(separator: ":") + "::/64"
        }
    }

    /// The address.
    package var description: String { address }
}
