// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// A key that is ready and that nobody outside has seen yet.
public struct PreparedKey: Hashable, Sendable {
    /// The key.
    public let key: AuthorityKey
    /// Whose SVIDs it would sign.
    public let trustDomain: TrustDomain
    /// First moment at which it would be valid.
    public let notBefore: CertificateTime
    /// Last moment at which it would be valid.
    public let notAfter: CertificateTime
    /// Whether it would also sign issuers below itself.
    public let allowsDownstream: Bool

    /// Joins the parts.
    public init(
        key: AuthorityKey, trustDomain: TrustDomain, notBefore: CertificateTime, notAfter: CertificateTime,
        allowsDownstream: Bool
    ) {
        self.key = key
        self.trustDomain = trustDomain
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.allowsDownstream = allowsDownstream
    }
}

/// What made an authority one. The identifiers go into the certificate's subject, as hints.
public struct Admission: Hashable, Sendable {
    /// AID of the issuer that stated it; nil where nobody did.
    public let aid: String?
    /// SAID of its authority statement; nil where there is none.
    public let statement: String?
    /// First moment of validity as admitted; nil for the proposed one. A gate that finds an earlier statement about the
    /// same key gives the validity of that one.
    public let notBefore: CertificateTime?
    /// Last moment of validity as admitted; nil for the proposed one.
    public let notAfter: CertificateTime?

    /// Admitted without a statement: a plain SPIFFE server.
    public static let open = Admission()

    private init() {
        aid = nil
        statement = nil
        notBefore = nil
        notAfter = nil
    }

    /// Admitted by a statement.
    /// - Returns: nil unless both are identifiers of 44 characters.
    public init?(
        aid: String, statement: String, notBefore: CertificateTime? = nil, notAfter: CertificateTime? = nil
    ) {
        guard SubjectUnit.isIdentifier(aid), SubjectUnit.isIdentifier(statement) else { return nil }
        self.aid = aid
        self.statement = statement
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    /// What goes into the subject of the authority's certificate. `03-binding.md`, section 2.
    var units: [String] {
        [aid.map { "aid:\($0)" }, statement.map { "stmt:\($0)" }].compactMap { $0 }
    }
}

/// Texts that may stand in an `OU` attribute of a subject.
enum SubjectUnit {
    /// X.520 bounds it at 64 characters.
    static let longest = 64
    /// Most of them in one subject.
    static let most = 4

    /// 44 characters of base64url: an AID or a SAID.
    static func isIdentifier(_ text: String) -> Bool {
        text.utf8.count == 44
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// Printable ASCII of 1 to 64 characters.
    static func isValid(_ text: String) -> Bool {
        (1...longest).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }
}
