// SPDX-License-Identifier: Apache-2.0

internal import NodeAgent

/// Where an agent fetches its first bundle: over https, whose server a public authority vouches for, or over a Unix socket,
/// where the file system does. Facts (SPIFFE) 20.1.
package struct BundleLocation: Hashable, Sendable {
    /// Most bytes of a bundle.
    static let largest = 1 << 20

    /// For people.
    private let shown: String
    /// As the HTTP client takes it.
    private let url: String
    /// Whose name is asked for at a socket.
    private let host: String?

    /// Reads a URL; nil for one that nobody vouches for: plain HTTP, unless at a socket.
    /// - Parameter socket: absolute path of a Unix socket, where the URL begins with `http://`; nil for `https://`.
    package init?(_ text: String, socket: String? = nil) {
        let scheme = socket == nil ? "https://" : "http://"
        guard text.hasPrefix(scheme), text.utf8.count <= 2048, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        // Names and passwords have no business in an option, and fragments are not sent.
        guard !authority.isEmpty, !rest.contains("#"), !authority.contains("@") else { return nil }
        guard let socket else {
            (url, shown, host) = (text, text, nil)
            return
        }
        guard socket.hasPrefix("/") else { return nil }
        let path = rest.dropFirst(authority.count)
        url = LocalHTTPClient.url(ofSocket: socket, path.hasPrefix("/") ? String(path) : "/" + path)
        shown = "\(text) at \(socket)"
        host = String(authority)
    }

    /// Asks for the document.
    /// - Parameter patience: until it must have come whole.
    /// - Throws: `AttestorError` for every answer but 200, and for none.
    package func fetch(by http: LocalHTTPClient, within patience: Duration = .seconds(30)) async throws -> [UInt8] {
        let answer: LocalHTTPClient.Answer
        do {
            answer = try await http.get(
                url, headers: host.map { [("Host", $0)] } ?? [], limit: Self.largest, within: patience)
        } catch {
            throw AttestorError("\(shown) gives no answer: \(error)")
        }
        guard answer.status == 200 else { throw AttestorError("\(shown) answers \(answer.status)") }
        return answer.body
    }
}
