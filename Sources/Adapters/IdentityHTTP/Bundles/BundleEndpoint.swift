// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
package import Logging
package import SPIFFE

/// `GET /`: the bundle of one trust domain, for whoever federates with it. Facts (SPIFFE) 7.2.
///
/// Keys of WIT-SVIDs are left out: SPIRE before 1.15.3 refuses a whole document with them (6.3).
package struct BundleEndpoint: HTTPEndpoint {
    private let trustDomain: TrustDomain
    private let bundles: any BundleSource
    private let logger: Logger

    /// Publishes what `bundles` has of a trust domain at the moment of each request.
    package init(of trustDomain: TrustDomain, from bundles: any BundleSource, logger: Logger) {
        self.trustDomain = trustDomain
        self.bundles = bundles
        self.logger = logger
    }

    func methods(of path: String) -> [String]? { path == "/" ? ["GET"] : nil }

    func read(_ request: IncomingRequest) async -> OutgoingResponse {
        guard let bundle = await bundles.published(of: trustDomain, logger: logger.naming(request)) else {
            return .unavailable
        }
        return PublishedDocument(contentType: "application/json", body: BundleDocument.encode(bundle), maxAge: 0)
            .answer(to: request)
    }
}

extension BundleSource {
    /// The bundle that is published now. Nil where there is none: an empty document in its place would end all trust.
    func published(of trustDomain: TrustDomain, logger: Logger) async -> TrustBundle? {
        do {
            if let bundle = try await bundle(of: trustDomain) { return bundle }
            logger.warning("no bundle to publish", metadata: ["trust_domain": "\(trustDomain)"])
        } catch {
            logger.warning(
                "bundle can't be published", metadata: ["trust_domain": "\(trustDomain)", "error": "\(error)"])
        }
        return nil
    }
}

extension Logger {
    /// The logger with the name of a request in all that it writes.
    func naming(_ request: IncomingRequest) -> Logger {
        var logger = self
        logger[metadataKey: "request_id"] = "\(request.id)"
        return logger
    }
}

extension OutgoingResponse {
    /// Nothing can be said now.
    static var unavailable: OutgoingResponse {
        var response = OutgoingResponse.text(503, "not available now")
        response.headers.append(("Retry-After", "5"))
        return response
    }
}
