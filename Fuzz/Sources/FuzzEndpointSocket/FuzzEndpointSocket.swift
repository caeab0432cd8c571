// SPDX-License-Identifier: Apache-2.0

internal import FuzzSupport
internal import SPIFFE

/// The value of SPIFFE_ENDPOINT_SOCKET, and the same bytes as an ID and as the name of a trust domain.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEndpointSocket(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        let text = String(decoding: input, as: UTF8.self)
        if let id = try? SPIFFEID(text) {
            property(id.description == text, "an ID is its own only spelling")
            property((try? SPIFFEID(trustDomain: id.trustDomain, path: id.path)) == id, "its parts make it again")
        }
        if let domain = try? TrustDomain(nameOrID: text) {
            property((try? TrustDomain(domain.name)) == domain, "a name is one")
        }
        guard let address = try? EndpointAddress(text) else { return }
        switch address {
        case .unix(let path):
            property(path.utf8.first == 0x2f && path.utf8.count <= EndpointAddress.longestPath, "a path fits a socket")
            property(!path.utf8.contains(0), "a path has no zero")
            property((try? EndpointAddress("unix://" + path)) == address, "a path is read again")
        case .tcp(_, let port):
            property(port > 0, "a port is one")
            let again = "tcp://" + address.description.dropFirst("tcp:".count)
            property((try? EndpointAddress(again)) == address, "an address is read again")
        }
    }
}
