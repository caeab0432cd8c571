// SPDX-License-Identifier: Apache-2.0

internal import NIOSSL
package import NodeAgent

/// A document that proves itself, in a file or at a URL, read again and again.
///
/// Who answers at the URL need not prove who it is: it can hold a newer document back, which whoever reads it has to
/// notice, and can't change it. So an issuer can publish it at the very port whose certificate is not trusted yet.
package actor ProofDocument {
    /// Where it is.
    package enum Place: Hashable, Sendable, CustomStringConvertible {
        /// A path.
        case file(String)
        /// An `https` or `http` URL.
        case url(String)

        /// Reads a URL or a path.
        package init(_ text: String) {
            self = text.hasPrefix("https://") || text.hasPrefix("http://") ? .url(text) : .file(text)
        }

        /// The path or the URL.
        package var description: String {
            switch self {
            case .file(let text), .url(let text): text
            }
        }
    }

    private let place: Place
    private let largest: Int
    private let http: LocalHTTPClient
    private let threads: BlockingThreads
    private let patience: Duration
    private var tag: String?

    /// - Parameters:
    ///   - largest: most bytes of the document.
    ///   - http: makes the requests.
    ///   - threads: where files are read.
    ///   - patience: until a document must have come whole.
    package init(
        at place: Place, largest: Int, http: LocalHTTPClient, threads: BlockingThreads,
        patience: Duration = .seconds(10)
    ) {
        self.place = place
        self.largest = largest
        self.http = http
        self.threads = threads
        self.patience = patience
    }

    /// The document; nil when it is known to be the one that was accepted last.
    /// - Returns: the bytes, and what is to be passed to ``accept(_:)`` once they are believed.
    /// - Throws: `AttestorError`.
    package func read() async throws -> (bytes: [UInt8], tag: String?)? {
        switch place {
        case .file(let path):
            return (try await threads.run { [largest] in try OpenFile.contents(of: path, limit: largest) }, nil)
        case .url(let url):
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            let answer: LocalHTTPClient.Answer
            do {
                answer = try await http.get(
                    url, headers: tag.map { [("If-None-Match", $0)] } ?? [], tls: tls, limit: largest,
                    within: patience)
            } catch {
                throw AttestorError("\(url) gives no answer: \(error)")
            }
            switch answer.status {
            case 200: return (answer.body, answer.tag)
            case 304 where tag != nil: return nil
            default: throw AttestorError("\(url) answers \(answer.status)")
            }
        }
    }

    /// Remembers that a document is in use, so that it is not sent again.
    package func accept(_ tag: String?) { self.tag = tag }
}
