// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1
public import X509

/// The identifiers that a subject carries in `OU` attributes so that a reader knows where to look.
///
/// They are hints, never evidence: no verdict follows from them. `03-binding.md`, section 2.
public struct SubjectHints: Hashable, Sendable {
    /// AID of the issuer (authority certificate) or of the service (workload certificate).
    public var aid: String?
    /// SAID of the authority statement.
    public var statement: String?
    /// SAID of the service binding.
    public var binding: String?

    /// Hints to be written, each an identifier of 44 characters.
    public init(aid: String? = nil, statement: String? = nil, binding: String? = nil) {
        self.aid = aid
        self.statement = statement
        self.binding = binding
    }

    /// Reads the hints of a subject; the first of each kind counts, other attributes are passed over.
    public init(subject: DistinguishedName) {
        for relative in subject {
            for attribute in relative where attribute.type == .RDNAttributeType.organizationalUnitName {
                guard let text = String(attribute.value) else { continue }
                if text.hasPrefix("aid:"), aid == nil { aid = String(text.dropFirst(4)) }
                if text.hasPrefix("stmt:"), statement == nil { statement = String(text.dropFirst(5)) }
                if text.hasPrefix("bind:"), binding == nil { binding = String(text.dropFirst(5)) }
            }
        }
    }

    /// `OU` attributes in fixed order, or nil when a hint is no identifier of 44 characters.
    func attributes() -> [RelativeDistinguishedName.Attribute]? {
        var attributes: [RelativeDistinguishedName.Attribute] = []
        for (label, value) in [("aid:", aid), ("stmt:", statement), ("bind:", binding)] {
            guard let value else { continue }
            guard value.utf8.count == 44, value.utf8.allSatisfy(Self.isBase64URL) else { return nil }
            attributes.append(
                RelativeDistinguishedName.Attribute(
                    type: .RDNAttributeType.organizationalUnitName, utf8String: label + value))
        }
        return attributes
    }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
