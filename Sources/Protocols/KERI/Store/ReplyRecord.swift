// SPDX-License-Identifier: Apache-2.0

/// Under what a reply is kept: the newest one replaces the others (facts 9.3).
public struct ReplyKey: Sendable, Hashable {
    /// The route without its last verb: `/end/role`, `/loc/scheme`, `/ksn/<aid>`.
    public let route: String
    /// The AID that the reply is about.
    public let aid: AID
    /// What tells replies of one route and AID apart: `role/eid`, a scheme; may be empty.
    public let detail: String

    /// Collects a key.
    public init(route: String, aid: AID, detail: String) {
        self.route = route
        self.aid = aid
        self.detail = detail
    }
}

/// The best reply available under a key.
public struct ReplyRecord: Sendable, Hashable {
    /// Under what it is kept.
    public let key: ReplyKey
    /// The date that its signer gave it.
    public let dated: Timestamp
    /// The signer's establishment event; nil for a signer that has no log.
    public let signerSn: SequenceNumber?
    /// What it says: `true` or `false` of a role, a URL, or the digest of a key state.
    public let value: String
    /// The reply with its signatures, as one CESR message.
    public let message: [UInt8]

    /// Collects a record.
    public init(
        key: ReplyKey, dated: Timestamp, signerSn: SequenceNumber?, value: String, message: [UInt8]
    ) {
        self.key = key
        self.dated = dated
        self.signerSn = signerSn
        self.value = value
        self.message = message
    }
}
