// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// An issuer, as who administers it sees it: calls to SPIRE's server API over the issuer's Unix socket. Values go in and
/// values come out. It works with SPIRE's own server as well.
///
/// Every call throws ``AdministrationError``, also when nothing has come for as long as the connection's patience.
package struct IssuerAdministration: Sendable {
    /// Most bytes of one answer.
    static let largestAnswer = 64 << 20
    /// How many items are asked for, and sent, at once.
    static let pageSize = 500

    let connection: LocalConnection

    /// Runs `body` with a connection to the issuer at a socket.
    /// - Parameters:
    ///   - patience: how long each call may take.
    package static func connected<Result: Sendable>(
        toSocket path: String, patience: Duration = .seconds(30),
        _ body: (IssuerAdministration) async throws -> Result
    ) async throws -> Result {
        try await LocalConnection.open(.unix(path: path), patience: patience) {
            try await body(IssuerAdministration(connection: $0))
        }
    }

    /// Whether the server says of itself that it serves.
    package func isHealthy() async throws -> Bool { try await connection.isHealthy() }

    /// All pages of a list, one after the other.
    func pages<Item>(_ next: (String) async throws -> (items: [Item], token: String)) async throws -> [Item] {
        var all: [Item] = []
        var token = ""
        while true {
            let page = try await next(token)
            all += page.items
            // A server that hands out its own token again would be asked forever.
            guard !page.token.isEmpty, page.token != token else { return all }
            token = page.token
        }
    }

    /// Items in parts that fit one message.
    func parts<Item>(of items: [Item]) -> [ArraySlice<Item>] {
        stride(from: 0, to: items.count, by: Self.pageSize).map { items[$0..<min($0 + Self.pageSize, items.count)] }
    }
}
