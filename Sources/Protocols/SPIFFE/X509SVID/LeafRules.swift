// SPDX-License-Identifier: Apache-2.0

/// How strictly the leaf of a peer is judged, where the standard decides and widely used peers do not look.
///
/// One's own SVID is always judged strictly. Facts (SPIFFE) 3.2 and 25.
public enum LeafRules: Hashable, Sendable, CaseIterable {
    /// Every rule of the standard.
    case strict
    /// As go-spiffe: the leaf's key usages and extended key usages are not judged, except that it must not sign
    /// certificates. For peers whose issuer can't be mended.
    case peerCompatible

    /// Which broken rules of a leaf are passed over.
    var tolerated: Set<X509SVIDFault.Code> {
        switch self {
        case .strict: []
        case .peerCompatible:
            [.keyUsageMissing, .keyUsageNotCritical, .digitalSignatureMissing, .extendedKeyUsage]
        }
    }
}
