// SPDX-License-Identifier: Apache-2.0

internal import SPIREAPI
internal import SwiftProtobuf

/// Where the bundle of another trust domain is fetched, and how. Facts (SPIFFE) 7.
package struct RelationshipRecord: Hashable, Sendable {
    package var trustDomain: String
    package var url: String
    package var profile: Profile
    /// What is trusted before the first fetch.
    package var bundle: BundleRecord?

    /// How the endpoint shows who it is.
    package enum Profile: Hashable, Sendable {
        /// By a certificate of the web.
        case web
        /// By an X.509-SVID of this ID.
        case spiffe(endpointID: String)
        /// By nothing that the server said.
        case unknown
    }

    package init(trustDomain: String, url: String, profile: Profile, bundle: BundleRecord? = nil) {
        self.trustDomain = trustDomain
        self.url = url
        self.profile = profile
        self.bundle = bundle
    }

    init(_ relationship: Spire_Api_Types_FederationRelationship) {
        trustDomain = relationship.trustDomain
        url = relationship.bundleEndpointURL
        profile =
            switch relationship.bundleEndpointProfile {
            case .httpsWeb: .web
            case .httpsSpiffe(let profile): .spiffe(endpointID: profile.endpointSpiffeID)
            case nil: .unknown
            }
        bundle = relationship.hasTrustDomainBundle ? BundleRecord(relationship.trustDomainBundle) : nil
    }

    var message: Spire_Api_Types_FederationRelationship {
        .with {
            $0.trustDomain = trustDomain
            $0.bundleEndpointURL = url
            switch profile {
            case .web: $0.httpsWeb = .init()
            case .spiffe(let id): $0.httpsSpiffe = .with { $0.endpointSpiffeID = id }
            case .unknown: break
            }
            if let bundle { $0.trustDomainBundle = bundle.message }
        }
    }
}

extension IssuerAdministration {
    private var federation: Spire_Api_Server_Trustdomain_V1_TrustDomain.Client<LocalConnection.Transport> {
        .init(wrapping: connection.client)
    }

    /// All relationships, all pages of them.
    package func listRelationships() async throws -> [RelationshipRecord] {
        try await pages { token in
            let answer = try await connection.call {
                try await federation.listFederationRelationships(
                    .with {
                        $0.pageSize = Int32(Self.pageSize)
                        $0.pageToken = token
                    }, options: connection.options)
            }
            return (answer.federationRelationships.map(RelationshipRecord.init), answer.nextPageToken)
        }
    }

    /// One relationship.
    package func relationship(_ trustDomain: String) async throws -> RelationshipRecord {
        try await connection.call {
            RelationshipRecord(
                try await federation.getFederationRelationship(
                    .with { $0.trustDomain = trustDomain }, options: connection.options))
        }
    }

    /// Makes relationships; one result for each, in their order.
    package func createRelationships(
        _ records: [RelationshipRecord]
    ) async throws -> [RecordResult<RelationshipRecord>] {
        let answer = try await connection.call {
            try await federation.batchCreateFederationRelationship(
                .with { $0.federationRelationships = records.map(\.message) }, options: connection.options)
        }
        try require(answer.results.count, for: records.count)
        return answer.results.map {
            RecordResult(
                status: ItemStatus($0.status),
                item: $0.hasFederationRelationship ? RelationshipRecord($0.federationRelationship) : nil)
        }
    }

    /// Replaces relationships; one result for each, in their order. A bundle is replaced only where one is given.
    package func updateRelationships(
        _ records: [RelationshipRecord]
    ) async throws -> [RecordResult<RelationshipRecord>] {
        var results: [RecordResult<RelationshipRecord>] = []
        for record in records {
            let answer = try await connection.call {
                try await federation.batchUpdateFederationRelationship(
                    .with {
                        $0.federationRelationships = [record.message]
                        $0.inputMask = .with {
                            $0.bundleEndpointURL = true
                            $0.bundleEndpointProfile = true
                            $0.trustDomainBundle = record.bundle != nil
                        }
                    }, options: connection.options)
            }
            try require(answer.results.count, for: 1)
            results += answer.results.map {
                RecordResult(
                    status: ItemStatus($0.status),
                    item: $0.hasFederationRelationship ? RelationshipRecord($0.federationRelationship) : nil)
            }
        }
        return results
    }

    /// Deletes relationships; the items of the results are the names of the trust domains.
    package func deleteRelationships(_ trustDomains: [String]) async throws -> [RecordResult<String>] {
        let answer = try await connection.call {
            try await federation.batchDeleteFederationRelationship(
                .with { $0.trustDomains = trustDomains }, options: connection.options)
        }
        try require(answer.results.count, for: trustDomains.count)
        return answer.results.map { RecordResult(status: ItemStatus($0.status), item: $0.trustDomain) }
    }

    /// Fetches the bundle of a trust domain at once.
    package func refreshBundle(_ trustDomain: String) async throws {
        try await connection.call {
            _ = try await federation.refreshBundle(
                .with { $0.trustDomain = trustDomain }, options: connection.options)
        }
    }
}
