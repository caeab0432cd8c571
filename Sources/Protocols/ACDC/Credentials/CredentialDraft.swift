// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
public import KelmarkBytes

/// What an issuer wants to say: everything of a credential but its digests.
public struct CredentialDraft: Hashable, Sendable {
    /// What the credential tells.
    public enum Content: Hashable, Sendable {
        /// One block of attributes (`a`), shown or hidden as a whole.
        case attributes(OrderedMap)
        /// Blocks that can be shown one by one (`A`), with a nonce of 16 random bytes for each. Who the issuee is has to
        /// be said in one of them (`i`).
        case aggregate([OrderedMap], nonces: [Primitive])
    }

    /// Who issues it.
    public var issuer: AID
    /// In which registry.
    public var registry: SAID?
    /// The schema.
    public var schema: SAID
    /// What it tells, without `d`, `u`, `i` and `dt`.
    public var content: Content
    /// To whom; nil for an untargeted credential. Goes into the attributes.
    public var issuee: AID?
    /// When; goes into the attributes.
    public var dated: Timestamp?
    /// The credentials that it builds upon: a block, or a list of blocks as keripy knows it. A block whose first member
    /// is an empty `d` gets its digest; the section gets one of its own in any case.
    public var edges: OrderedValue?
    /// What parties agree to, as ``edges``.
    public var rules: OrderedValue?
    /// 16 random bytes for `u` of the whole: makes the credential private.
    public var nonce: Primitive?
    /// 16 random bytes for `u` of the attributes, so that their digest can be shown without them being guessed.
    public var attributesNonce: Primitive?

    /// Collects a draft.
    public init(
        issuer: AID, registry: SAID?, schema: SAID, content: Content, issuee: AID? = nil, dated: Timestamp? = nil,
        edges: OrderedValue? = nil, rules: OrderedValue? = nil, nonce: Primitive? = nil,
        attributesNonce: Primitive? = nil
    ) {
        self.issuer = issuer
        self.registry = registry
        self.schema = schema
        self.content = content
        self.issuee = issuee
        self.dated = dated
        self.edges = edges
        self.rules = rules
        self.nonce = nonce
        self.attributesNonce = attributesNonce
    }
}
