// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import HTTPServing
internal import KelmarkBytes

/// A document that many fetch again and again: named by its content, so that who has it is told so.
struct PublishedDocument: Sendable {
    let contentType: String
    let body: [UInt8]
    /// How long a copy may be used without asking again, in seconds; 0 means that each use asks.
    let maxAge: Int64

    /// A name that other content does not have.
    var entityTag: String {
        let digest = Array(SHA256.hash(data: body))
        return "\"\(Base64URL.encodedString(digest.span))\""
    }

    /// The document, or 304 for who has it.
    func answer(to request: IncomingRequest) -> OutgoingResponse {
        let headers: [(name: String, value: String)] = [
            ("ETag", entityTag), ("Cache-Control", maxAge > 0 ? "public, max-age=\(maxAge)" : "no-cache"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if let known = request.header("if-none-match"), Self.names(entityTag, in: known) {
            return OutgoingResponse(status: 304, headers: headers)
        }
        return OutgoingResponse(status: 200, headers: [("Content-Type", contentType)] + headers, body: .bytes(body))
    }

    /// Whether a list of tags has this one; the weak form counts too. RFC 9110, 13.1.2.
    private static func names(_ tag: String, in list: String) -> Bool {
        list.split(separator: ",").contains { element in
            let bare = element.drop { $0 == " " || $0 == "\t" }
            let strong = bare.hasPrefix("W/") ? bare.dropFirst(2) : bare
            let end = strong.lastIndex { $0 != " " && $0 != "\t" }.map { strong.index(after: $0) } ?? strong.startIndex
            return strong[..<end] == "*" || strong[..<end] == tag
        }
    }
}
