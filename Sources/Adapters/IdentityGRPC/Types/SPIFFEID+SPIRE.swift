// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE
internal import SPIREAPI

extension Spire_Api_Types_SPIFFEID {
    /// The two parts of an ID.
    init(_ id: SPIFFE.SPIFFEID) {
        self.init()
        trustDomain = id.trustDomain.name
        path = id.path
    }
}

extension SPIFFE.SPIFFEID {
    /// Joins the two parts of an ID.
    /// - Throws: ``SPIFFEIDError``.
    init(_ message: Spire_Api_Types_SPIFFEID) throws(SPIFFEIDError) {
        try self.init(trustDomain: try TrustDomain(message.trustDomain), path: message.path)
    }
}
