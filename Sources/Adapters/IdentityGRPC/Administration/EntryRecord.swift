// SPDX-License-Identifier: Apache-2.0

internal import SPIREAPI
internal import SwiftProtobuf

/// A SPIFFE ID in the two parts that the API has. Whether they make an ID is the server's to judge.
package struct IDRecord: Hashable, Sendable, CustomStringConvertible {
    package var trustDomain: String
    /// With its leading slash, or empty.
    package var path: String

    package init(trustDomain: String, path: String) {
        self.trustDomain = trustDomain
        self.path = path
    }

    init(_ id: Spire_Api_Types_SPIFFEID) {
        trustDomain = id.trustDomain
        path = id.path
    }

    var message: Spire_Api_Types_SPIFFEID {
        .with {
            $0.trustDomain = trustDomain
            $0.path = path
        }
    }

    /// `spiffe://` and the parts; empty when there are none.
    package var description: String { trustDomain.isEmpty && path.isEmpty ? "" : "spiffe://\(trustDomain)\(path)" }
}

/// A selector as the API has it.
package struct SelectorRecord: Hashable, Sendable, CustomStringConvertible {
    package var type: String
    package var value: String

    package init(type: String, value: String) {
        self.type = type
        self.value = value
    }

    init(_ selector: Spire_Api_Types_Selector) {
        type = selector.type
        value = selector.value
    }

    var message: Spire_Api_Types_Selector {
        .with {
            $0.type = type
            $0.value = value
        }
    }

    package var description: String { "\(type):\(value)" }
}

/// A registration entry as the API has it, in the order in which its lists were sent. Facts (SPIFFE) 11.1.
package struct EntryRecord: Hashable, Sendable {
    /// Empty lets the server choose.
    package var id = ""
    package var spiffeID: IDRecord
    package var parentID: IDRecord
    package var selectors: [SelectorRecord]
    /// Seconds; 0 for the server's default.
    package var x509SVIDTTL: Int32 = 0
    /// Seconds; 0 for the server's default.
    package var jwtSVIDTTL: Int32 = 0
    package var federatesWith: [String] = []
    package var isAdmin = false
    package var isDownstream = false
    /// Seconds since 1970; 0 for never.
    package var expiresAt: Int64 = 0
    package var dnsNames: [String] = []
    package var revision: Int64 = 0
    package var storesSVID = false
    package var hint = ""
    /// Seconds since 1970.
    package var createdAt: Int64 = 0
    /// nil when the server sends none.
    package var attributes: Attributes?

    /// What was added to entries later.
    package struct Attributes: Hashable, Sendable {
        package var disablesPrefetch = false
        package var includesTokenID = false

        package init(disablesPrefetch: Bool = false, includesTokenID: Bool = false) {
            self.disablesPrefetch = disablesPrefetch
            self.includesTokenID = includesTokenID
        }
    }

    package init(id: String = "", spiffeID: IDRecord, parentID: IDRecord, selectors: [SelectorRecord]) {
        self.id = id
        self.spiffeID = spiffeID
        self.parentID = parentID
        self.selectors = selectors
    }
}

extension EntryRecord {
    init(_ entry: Spire_Api_Types_Entry) {
        id = entry.id
        spiffeID = IDRecord(entry.spiffeID)
        parentID = IDRecord(entry.parentID)
        selectors = entry.selectors.map(SelectorRecord.init)
        x509SVIDTTL = entry.x509SvidTtl
        jwtSVIDTTL = entry.jwtSvidTtl
        federatesWith = entry.federatesWith
        isAdmin = entry.admin
        isDownstream = entry.downstream
        expiresAt = entry.expiresAt
        dnsNames = entry.dnsNames
        revision = entry.revisionNumber
        storesSVID = entry.storeSvid
        hint = entry.hint
        createdAt = entry.createdAt
        if entry.hasAdditionalAttributes {
            attributes = Attributes(
                disablesPrefetch: entry.additionalAttributes.disableX509SvidPrefetch,
                includesTokenID: entry.additionalAttributes.jwtSvidIncludeJti)
        }
    }

    /// The entry as it is sent. Revision and creation are the server's own.
    var message: Spire_Api_Types_Entry {
        .with {
            $0.id = id
            $0.spiffeID = spiffeID.message
            $0.parentID = parentID.message
            $0.selectors = selectors.map(\.message)
            $0.x509SvidTtl = x509SVIDTTL
            $0.jwtSvidTtl = jwtSVIDTTL
            $0.federatesWith = federatesWith
            $0.admin = isAdmin
            $0.downstream = isDownstream
            $0.expiresAt = expiresAt
            $0.dnsNames = dnsNames
            $0.storeSvid = storesSVID
            $0.hint = hint
            if let attributes {
                $0.additionalAttributes = .with {
                    $0.disableX509SvidPrefetch = attributes.disablesPrefetch
                    $0.jwtSvidIncludeJti = attributes.includesTokenID
                }
            }
        }
    }
}

/// A field of an entry that an update may change; the raw value is its name in the API.
package enum EntryField: String, Hashable, Sendable, CaseIterable {
    case spiffeID = "spiffe_id"
    case parentID = "parent_id"
    case selectors
    case x509SVIDTTL = "x509_svid_ttl"
    case jwtSVIDTTL = "jwt_svid_ttl"
    case federatesWith = "federates_with"
    case admin
    case downstream
    case expiresAt = "expires_at"
    case dnsNames = "dns_names"
    case storesSVID = "store_svid"
    case hint
    case attributes = "additional_attributes"

    static func mask(of fields: Set<EntryField>) -> Spire_Api_Types_EntryMask {
        .with {
            for field in fields {
                switch field {
                case .spiffeID: $0.spiffeID = true
                case .parentID: $0.parentID = true
                case .selectors: $0.selectors = true
                case .x509SVIDTTL: $0.x509SvidTtl = true
                case .jwtSVIDTTL: $0.jwtSvidTtl = true
                case .federatesWith: $0.federatesWith = true
                case .admin: $0.admin = true
                case .downstream: $0.downstream = true
                case .expiresAt: $0.expiresAt = true
                case .dnsNames: $0.dnsNames = true
                case .storesSVID: $0.storeSvid = true
                case .hint: $0.hint = true
                case .attributes: $0.additionalAttributes = true
                }
            }
        }
    }
}

extension EntryRecord {
    /// The fields in which the two say different things, whatever the order of their lists.
    package func differences(from other: EntryRecord) -> Set<EntryField> {
        var fields: Set<EntryField> = []
        func compare<Value: Equatable>(_ field: EntryField, _ value: (EntryRecord) -> Value) {
            if value(self) != value(other) { fields.insert(field) }
        }
        compare(.spiffeID, \.spiffeID)
        compare(.parentID, \.parentID)
        compare(.selectors) { Set($0.selectors) }
        compare(.x509SVIDTTL, \.x509SVIDTTL)
        compare(.jwtSVIDTTL, \.jwtSVIDTTL)
        compare(.federatesWith) { Set($0.federatesWith.map(Self.bareName)) }
        compare(.admin, \.isAdmin)
        compare(.downstream, \.isDownstream)
        compare(.expiresAt, \.expiresAt)
        // The first of them becomes the common name: their order says something.
        compare(.dnsNames, \.dnsNames)
        compare(.storesSVID, \.storesSVID)
        compare(.hint, \.hint)
        compare(.attributes) { $0.attributes ?? Attributes() }
        return fields
    }

    /// A trust domain is sent by its name or by its ID.
    package static func bareName(_ trustDomain: String) -> String {
        trustDomain.hasPrefix("spiffe://") ? String(trustDomain.dropFirst("spiffe://".count)) : trustDomain
    }
}
