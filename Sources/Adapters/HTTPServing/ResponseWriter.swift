// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore
internal import NIOHTTP1

/// Writes one answer to a connection.
struct ResponseWriter {
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPServer.HTTPPart<HTTPResponseHead>>
    private let keepAlive: Bool

    init(_ outbound: NIOAsyncChannelOutboundWriter<HTTPServer.HTTPPart<HTTPResponseHead>>, keepAlive: Bool) {
        self.outbound = outbound
        self.keepAlive = keepAlive
    }

    func write(_ response: OutgoingResponse, isHead: Bool = false) async throws {
        var headers = HTTPHeaders(response.headers.map { ($0.name, $0.value) })
        headers.add(name: "Date", value: Self.date())
        switch response.body {
        case .bytes(let bytes):
            if response.status != 204 { headers.replaceOrAdd(name: "Content-Length", value: String(bytes.count)) }
            headers.add(name: "Connection", value: keepAlive ? "keep-alive" : "close")
            var parts: [HTTPServer.HTTPPart<HTTPResponseHead>] = [.head(head(response, headers))]
            if !bytes.isEmpty, !isHead { parts.append(.body(.byteBuffer(ByteBuffer(bytes: bytes)))) }
            parts.append(.end(nil))
            try await outbound.write(contentsOf: parts)
        case .stream(let chunks):
            headers.add(name: "Transfer-Encoding", value: "chunked")
            headers.add(name: "Connection", value: "close")
            try await outbound.write(.head(head(response, headers)))
            for await chunk in chunks {
                try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: chunk))))
            }
            try await outbound.write(.end(nil))
        }
    }

    private func head(_ response: OutgoingResponse, _ headers: HTTPHeaders) -> HTTPResponseHead {
        HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
    }

    /// The time of day as RFC 9110 writes it.
    private static func date() -> String {
        var seconds = time(nil)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) "
            + "\(1900 + parts.tm_year) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}

extension OutgoingResponse {
    /// What the server itself has to say, as keripy's HTTP library words it. The texts are ours: nothing to escape.
    static func refusal(_ status: Int, _ title: String, _ description: String) -> OutgoingResponse {
        OutgoingResponse(
            status: status, contentType: "application/json",
            Array("{\"title\":\"\(title)\",\"description\":\"\(description)\"}".utf8))
    }
}
