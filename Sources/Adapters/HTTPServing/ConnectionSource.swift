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
        network = Self.network(of: self.address)
    }

    /// What an address is counted by: itself, or the first half of one of IPv6.
    package static func network(of address: String) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, address, &bytes) == 1 else { return address }
        // An IPv4 address in the clothes of IPv6, as listeners on `::` see it.
        if bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]) {
            return bytes.suffix(4).map(String.init).joined(separator: ".")
        }
        let groups = stride(from: 0, to: 8, by: 2).map {
            String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
        }
        return groups.joined(separator: ":") + "::/64"
    }

    /// The address.
    package var description: String { address }
}
