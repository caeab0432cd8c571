// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing

/// Some paths of a server, which can be read and not changed.
protocol HTTPEndpoint: Sendable {
    /// The methods that a path takes; nil for paths of others.
    func methods(of path: String) -> [String]?
    /// Answers a request for one of its paths by one of its methods.
    func read(_ request: IncomingRequest) async -> OutgoingResponse
}

extension [any HTTPEndpoint] {
    /// The answer of whichever endpoint has the path: 404 when none has, 405 for other methods.
    func answer(_ request: IncomingRequest) async -> OutgoingResponse {
        for endpoint in self {
            guard let methods = endpoint.methods(of: request.path) else { continue }
            guard methods.contains(request.method) else {
                var refusal = OutgoingResponse.text(405, "method not allowed")
                refusal.headers.append(("Allow", methods.joined(separator: ", ")))
                return refusal
            }
            return await endpoint.read(request)
        }
        return .text(404, "not found")
    }
}

extension OutgoingResponse {
    /// One line for people.
    static func text(_ status: Int, _ line: String) -> OutgoingResponse {
        var response = OutgoingResponse(
            status: status, contentType: "text/plain; charset=utf-8", Array("\(line)\n".utf8))
        response.headers.append(("X-Content-Type-Options", "nosniff"))
        return response
    }
}
