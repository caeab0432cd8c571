// SPDX-License-Identifier: Apache-2.0

internal import FuzzSupport
internal import JOSE
internal import SPIFFE

/// A chain in DER, one certificate behind the other, and a PKCS#8 key, divided by a line `%%`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSVIDChain(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        let mark = input.firstRange(of: Array("\n%%\n".utf8))
        let chain = Array(input[..<(mark?.lowerBound ?? input.endIndex)])
        let key = Array(input[(mark?.upperBound ?? input.endIndex)...])
        if let read = try? PrivateKey(pkcs8: key) {
            property((try? PrivateKey(pkcs8: read.pkcs8))?.publicKey == read.publicKey, "a key survives")
        }
        guard let parts = try? CertificateEncoding.certificates(inConcatenatedDER: chain) else { return }
        property(parts.flatMap(\.self) == chain, "parting loses nothing")
        let own = try? X509SVID(chain: parts, pkcs8: key)
        let certificates = parts.compactMap { try? X509Certificate(der: $0) }
        guard certificates.count == parts.count, let leaf = certificates.first,
            let id = try? leaf.uris.first.map({ try SPIFFEID($0) }), let time = CertificateTime(seconds: 1_800_000_000)
        else {
            property(own == nil, "an SVID of one's own has an ID")
            return
        }
        if let own { property(own.id == id && !id.isTrustDomainID, "the ID is the leaf's") }
        // Every certificate of the chain as an authority: the search ends, and mildness only adds.
        let bundle = X509Bundle(trustDomain: id.trustDomain, authorities: certificates)
        let strict = X509SVIDOutcome.verifying(chain: parts, against: bundle, at: time)
        let mild = X509SVIDOutcome.verifying(chain: parts, against: bundle, at: time, leafRules: .peerCompatible)
        property(strict.svid == nil || strict == mild, "what the strict rules accept, the mild ones accept")
        property((strict.svid == nil) != strict.faults.isEmpty, "a refusal has a reason")
    }
}
