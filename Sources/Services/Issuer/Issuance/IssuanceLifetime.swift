// SPDX-License-Identifier: Apache-2.0

/// How long an SVID lives. Pure. Facts (SPIFFE) 14.3.
enum IssuanceLifetime {
    /// Seconds from now: what the entry or the caller asks for, else the default; cut at the end of the authority.
    /// - Parameter remaining: seconds until the authority ends.
    /// - Throws: ``IssuerError`` for a negative wish or one without bound.
    static func seconds(
        requested: Int64, standard: Int64, remaining: Int64
    ) throws(IssuerError) -> Int64 {
        guard (0...IssuerConfiguration.longestLifetime).contains(requested) else {
            throw IssuerError(.invalidArgument, "TTL is out of bounds")
        }
        return min(requested > 0 ? requested : standard, remaining)
    }
}
