// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// Bundles of several trust domains, each under its own name; they are never merged. Facts (SPIFFE) 1, item 4.
public struct BundleMap: Hashable, Sendable {
    /// The bundles. Their own refresh hints count for nothing here.
    public private(set) var bundles: [TrustDomain: TrustBundle]
    /// Seconds after which to look at the map again; nil where the publisher does not say.
    public let refreshHint: Int64?

    /// A map of bundles, each under the name it has.
    /// - Throws: ``BundleError``: two bundles of one trust domain, a negative hint.
    public init(_ bundles: [TrustBundle] = [], refreshHint: Int64? = nil) throws(BundleError) {
        self.bundles = [:]
        for bundle in bundles {
            guard self.bundles.updateValue(bundle, forKey: bundle.trustDomain) == nil else {
                throw BundleError(.trustDomain, bundle.trustDomain.name)
            }
        }
        guard refreshHint ?? 0 >= 0 else { throw BundleError(.refreshHint) }
        self.refreshHint = refreshHint
    }

    /// The bundle of one trust domain; nil when nothing is known of it.
    public subscript(trustDomain: TrustDomain) -> TrustBundle? { bundles[trustDomain] }

    /// Reads `{"trust_domains": {NAME: BUNDLE, …}}`. A name that stands twice is refused.
    /// - Throws: ``BundleError``.
    public init(parsing json: [UInt8], limits: Limits = BundleDocument.limits) throws(BundleError) {
        guard json.count <= limits.bodyBytes else { throw BundleError(.tooLarge) }
        guard let value = try? OrderedValue(parsingJSON: json.span, strictness: .interoperable, limits: limits),
            let members = value.mapValue
        else { throw BundleError(.malformed) }
        guard let domains = members["trust_domains"]?.mapValue else { throw BundleError(.trustDomain, "trust_domains") }
        var bundles: [TrustBundle] = []
        for member in domains.members {
            let name: TrustDomain
            do {
                name = try TrustDomain(member.label)
            } catch {
                throw BundleError(.trustDomain, error.description)
            }
            guard let document = member.value.mapValue else { throw BundleError(.malformed, name.name) }
            bundles.append(try BundleDocument(document, trustDomain: name).bundle)
        }
        try self.init(
            bundles, refreshHint: try BundleDocument.refreshHint(members["spiffe_refresh_hint"]))
    }

    /// The map as JSON, by name; equal maps give equal bytes.
    public func encode(types: Set<SVIDType> = [.x509, .jwt]) -> [UInt8] {
        var text = Array(#"{"trust_domains":{"#.utf8)
        for (index, name) in bundles.keys.sorted().enumerated() {
            guard var bundle = bundles[name] else { continue }
            bundle.refreshHint = nil
            // A trust domain name needs no escape.
            text += Array((index == 0 ? "" : ",").utf8) + Array("\"\(name)\":".utf8)
            text += BundleDocument.encode(bundle, types: types)
        }
        text += Array("}".utf8)
        if let refreshHint { text += Array(",\"spiffe_refresh_hint\":\(refreshHint)".utf8) }
        return text + Array("}".utf8)
    }
}
