// SPDX-License-Identifier: Apache-2.0

internal import SPIREAPI
internal import SwiftProtobuf

/// What becomes of the entries that federate with a trust domain whose bundle is deleted.
package enum BundleRemoval: String, Hashable, Sendable, CaseIterable {
    /// Nothing is deleted while there are any.
    case restrict
    /// They are deleted too.
    case delete
    /// They stay, and federate no more.
    case dissociate
}

extension IssuerAdministration {
    private var bundles: Spire_Api_Server_Bundle_V1_Bundle.Client<LocalConnection.Transport> {
        .init(wrapping: connection.client)
    }

    /// The bundle of the issuer's own trust domain.
    package func ownBundle() async throws -> BundleRecord {
        try await connection.call {
            BundleRecord(try await bundles.getBundle(.init(), options: connection.options))
        }
    }

    /// The bundle of another trust domain.
    package func federatedBundle(_ trustDomain: String) async throws -> BundleRecord {
        try await connection.call {
            BundleRecord(
                try await bundles.getFederatedBundle(
                    .with { $0.trustDomain = trustDomain }, options: connection.options))
        }
    }

    /// The bundles of other trust domains, all pages of them.
    package func federatedBundles() async throws -> [BundleRecord] {
        try await pages { token in
            let answer = try await connection.call {
                try await bundles.listFederatedBundles(
                    .with {
                        $0.pageSize = Int32(Self.pageSize)
                        $0.pageToken = token
                    }, options: connection.options)
            }
            return (answer.bundles.map(BundleRecord.init), answer.nextPageToken)
        }
    }

    /// How many bundles there are, the own one included.
    package func countBundles() async throws -> Int {
        try await connection.call { Int(try await bundles.countBundles(.init(), options: connection.options).count) }
    }

    /// Makes or replaces bundles of other trust domains.
    package func setFederatedBundles(_ records: [BundleRecord]) async throws -> [RecordResult<BundleRecord>] {
        let answer = try await connection.call {
            try await bundles.batchSetFederatedBundle(
                .with { $0.bundle = records.map(\.message) }, options: connection.options)
        }
        try require(answer.results.count, for: records.count)
        return answer.results.map {
            RecordResult(status: ItemStatus($0.status), item: $0.hasBundle ? BundleRecord($0.bundle) : nil)
        }
    }

    /// Deletes bundles of other trust domains; the items of the results are their names.
    package func deleteFederatedBundles(
        _ trustDomains: [String], _ deletion: BundleRemoval
    ) async throws -> [RecordResult<String>] {
        let answer = try await connection.call {
            try await bundles.batchDeleteFederatedBundle(
                .with {
                    $0.trustDomains = trustDomains
                    switch deletion {
                    case .restrict: $0.mode = .restrict
                    case .delete: $0.mode = .delete
                    case .dissociate: $0.mode = .dissociate
                    }
                }, options: connection.options)
        }
        try require(answer.results.count, for: trustDomains.count)
        return answer.results.map { RecordResult(status: ItemStatus($0.status), item: $0.trustDomain) }
    }
}
