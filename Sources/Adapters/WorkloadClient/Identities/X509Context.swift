// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
public import SPIFFE
internal import SPIREAPI

/// All that the Workload API says of X.509 at one moment: the identities of this process, and whom it may trust.
///
/// Each message is the full state: what is not in it is not valid any more.
public struct X509Context: Sendable {
    /// The identities; the first is the default one. Never empty.
    public let svids: [X509SVID]
    /// The X.509 authorities, by trust domain; the own ones are always there.
    public let bundles: BundleMap

    /// The default identity.
    public var defaultSVID: X509SVID { svids[0] }

    /// The identity of a hint; nil when none has it.
    public func svid(hint: String) -> X509SVID? { svids.first { $0.hint == hint } }

    /// Reads a message; all of it or nothing. Facts (SPIFFE) 3.3, 8.2.
    /// - Throws: ``WorkloadAPIError`` of code `malformed`.
    init(_ message: Workload_X509SVIDResponse, limits: WorkloadAPIClient.Limits) throws(WorkloadAPIError) {
        guard !message.svids.isEmpty else { throw WorkloadAPIError(.malformed, "no identity in the answer") }
        guard message.svids.count <= limits.identities, message.federatedBundles.count <= limits.authorities else {
            throw WorkloadAPIError(.malformed, "too many identities or bundles")
        }
        var svids: [X509SVID] = []
        var hints: Set<String> = []
        var bundles: [TrustDomain: TrustBundle] = [:]
        for element in message.svids {
            let svid = try Self.svid(element)
            if bundles[svid.id.trustDomain] == nil {
                bundles[svid.id.trustDomain] = try WorkloadBundles.x509(
                    element.bundle, of: svid.id.trustDomain, limits: limits)
            }
            // Of several with one hint the first counts.
            guard svid.hint.isEmpty || hints.insert(svid.hint).inserted else { continue }
            svids.append(svid)
        }
        for (name, der) in message.federatedBundles {
            let trustDomain = try WorkloadBundles.trustDomain(name)
            // The own bundle stands with the identity.
            guard bundles[trustDomain] == nil else { continue }
            bundles[trustDomain] = try WorkloadBundles.x509(der, of: trustDomain, limits: limits)
        }
        self.svids = svids
        self.bundles = try WorkloadBundles.map(bundles.values)
    }

    private static func svid(_ element: Workload_X509SVID) throws(WorkloadAPIError) -> X509SVID {
        guard element.hint.utf8.count <= 1024 else { throw WorkloadAPIError(.malformed, "a hint is too long") }
        let svid: X509SVID
        do {
            svid = try X509SVID(
                concatenatedDER: [UInt8](element.x509Svid), pkcs8: [UInt8](element.x509SvidKey), hint: element.hint)
        } catch {
            throw WorkloadAPIError(.malformed, error.description)
        }
        guard svid.id.description == element.spiffeID else {
            throw WorkloadAPIError(.malformed, "a certificate of \(svid.id) is given for another ID")
        }
        return svid
    }
}
