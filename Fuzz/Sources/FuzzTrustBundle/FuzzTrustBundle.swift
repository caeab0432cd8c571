// SPDX-License-Identifier: Apache-2.0

internal import FuzzSupport
internal import JOSE
internal import SPIFFE

/// A bundle document, a JWK Set of the Workload API and a bundle map, from the same bytes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTrustBundle(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let domain = try? TrustDomain("example.org") else { return }
        let all = Set(SVIDType.allCases)
        if let document = try? BundleDocument(parsing: input, trustDomain: domain) {
            let written = BundleDocument.encode(document.bundle, types: all)
            guard let again = try? BundleDocument(parsing: written, trustDomain: domain) else {
                property(false, "what is written can be read")
                return
            }
            property(again.bundle == document.bundle && again.ignored.isEmpty, "it says the same")
            property(BundleDocument.encode(again.bundle, types: all) == written, "and is written the same way")
            property(document.bundle.filtered { _ in false }.isEmpty, "nothing is kept that nobody admits")
        }
        if let keys = try? TokenBundle(parsing: input, trustDomain: domain) {
            property((try? TokenBundle(parsing: keys.keySet, trustDomain: domain)) == keys, "a key set says the same")
        }
        if let set = try? JWKSet(parsing: input) {
            let again = try? JWKSet(parsing: set.json)
            property(again?.keys == set.keys && again?.skipped == 0, "keys survive")
            for key in set.keys {
                property(
                    (try? PublicKey(subjectPublicKeyInfo: key.key.subjectPublicKeyInfo)) == key.key,
                    "a key is the same in DER")
                property(key.key.thumbprint.utf8.count == 43, "a thumbprint has 43 characters")
            }
        }
        if let map = try? BundleMap(parsing: input) {
            let written = map.encode(types: all)
            property((try? BundleMap(parsing: written))?.encode(types: all) == written, "a map says the same")
        }
    }
}
