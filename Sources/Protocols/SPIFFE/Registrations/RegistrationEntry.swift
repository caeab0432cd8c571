// SPDX-License-Identifier: Apache-2.0

/// Which workloads get which SPIFFE ID, and what their SVIDs say: what a server keeps and an agent follows.
///
/// The members and their meaning are those of SPIRE's registration entries. Facts (SPIFFE) 11.1.
public struct RegistrationEntry: Hashable, Sendable, Identifiable {
    /// Names the entry: 1 to 255 of `a-z A-Z 0-9 - . _`.
    public var id: String
    /// Whom matching workloads are.
    public var spiffeID: SPIFFEID
    /// Under which agent, or under whose workload, they run; the server's own ID for a name of several nodes.
    public var parentID: SPIFFEID
    /// All of them must have been found of a workload.
    public var selectors: Set<Selector>
    /// Seconds that an X.509-SVID lives; 0 for the server's own default.
    public var x509SVIDTTL: Int32 = 0
    /// Seconds that a JWT-SVID lives; 0 for the server's own default.
    public var jwtSVIDTTL: Int32 = 0
    /// Whose bundles the workload gets beside its own.
    public var federatesWith: Set<TrustDomain> = []
    /// Whether the identity may administer the server.
    public var isAdmin = false
    /// Whether the identity may ask for an intermediate authority.
    public var isDownstream = false
    /// Seconds since 1970 from which on the entry counts no more; 0 for never.
    public var expiresAt: Int64 = 0
    /// DNS names of the certificate, in order; the first becomes the common name.
    public var dnsNames: [String] = []
    /// 0 at first, one more with each change.
    public var revision: Int64 = 0
    /// Whether agents push the SVID to a secret store.
    public var storesSVID = false
    /// Tells a workload with several identities which is for what; at most 1024 bytes, empty for none.
    public var hint = ""
    /// Seconds since 1970 at which the server made the entry.
    public var createdAt: Int64 = 0
    /// Whether agents sign only when a workload asks.
    public var isSignedOnDemand = false
    /// Whether each JWT-SVID carries an identifier of its own, and so is never served twice.
    public var includesTokenID = false

    /// An entry with the defaults of everything that is not named.
    public init(id: String, spiffeID: SPIFFEID, parentID: SPIFFEID, selectors: Set<Selector>) {
        self.id = id
        self.spiffeID = spiffeID
        self.parentID = parentID
        self.selectors = selectors
    }

    /// Whether the entry is for a workload of which these selectors were found. An entry without selectors is for none.
    public func matches(_ found: Set<Selector>) -> Bool { !selectors.isEmpty && selectors.isSubset(of: found) }

    /// Whether the entry counts no more at a moment (seconds since 1970).
    public func isExpired(at seconds: Int64) -> Bool { expiresAt != 0 && expiresAt <= seconds }
}
