// SPDX-License-Identifier: Apache-2.0

internal import SPIREAPI
internal import SwiftProtobuf

extension IssuerAdministration {
    private var entries: Spire_Api_Server_Entry_V1_Entry.Client<LocalConnection.Transport> {
        .init(wrapping: connection.client)
    }

    /// The entries that a filter lets through, all pages of them.
    package func listEntries(_ filter: EntryQuery = EntryQuery()) async throws -> [EntryRecord] {
        try await pages { token in
            let answer = try await connection.call {
                try await entries.listEntries(
                    .with {
                        if !filter.isEmpty {
                            $0.filter = .with {
                                if let id = filter.spiffeID { $0.bySpiffeID = id.message }
                                if let id = filter.parentID { $0.byParentID = id.message }
                                if let match = filter.selectorMatch { $0.bySelectors = match }
                                if let match = filter.trustDomainMatch { $0.byFederatesWith = match }
                                if let hint = filter.hint { $0.byHint = .init(hint) }
                                if let isDownstream = filter.isDownstream { $0.byDownstream = .init(isDownstream) }
                            }
                        }
                        $0.pageSize = Int32(Self.pageSize)
                        $0.pageToken = token
                    }, options: connection.options)
            }
            return (answer.entries.map(EntryRecord.init), answer.nextPageToken)
        }
    }

    /// How many entries a filter lets through.
    package func countEntries(_ filter: EntryQuery = EntryQuery()) async throws -> Int {
        try await connection.call {
            Int(
                try await entries.countEntries(
                    .with {
                        guard !filter.isEmpty else { return }
                        $0.filter = .with {
                            if let id = filter.spiffeID { $0.bySpiffeID = id.message }
                            if let id = filter.parentID { $0.byParentID = id.message }
                            if let match = filter.selectorMatch { $0.bySelectors = match }
                            if let match = filter.trustDomainMatch { $0.byFederatesWith = match }
                            if let hint = filter.hint { $0.byHint = .init(hint) }
                            if let isDownstream = filter.isDownstream { $0.byDownstream = .init(isDownstream) }
                        }
                    }, options: connection.options
                ).count)
        }
    }

    /// One entry.
    package func entry(_ id: String) async throws -> EntryRecord {
        try await connection.call {
            EntryRecord(try await entries.getEntry(.with { $0.id = id }, options: connection.options))
        }
    }

    /// Makes entries; one result for each, in their order.
    package func createEntries(_ records: [EntryRecord]) async throws -> [RecordResult<EntryRecord>] {
        var results: [RecordResult<EntryRecord>] = []
        for part in parts(of: records) {
            let answer = try await connection.call {
                try await entries.batchCreateEntry(
                    .with { $0.entries = part.map(\.message) }, options: connection.options)
            }
            try require(answer.results.count, for: part.count)
            results += answer.results.map { result in
                RecordResult(
                    status: ItemStatus(result.status), item: result.hasEntry ? EntryRecord(result.entry) : nil)
            }
        }
        return results
    }

    /// Changes entries, which are found by their IDs; one result for each, in their order.
    /// - Parameters:
    ///   - fields: what is changed; nil replaces everything, also by what is empty.
    package func updateEntries(
        _ records: [EntryRecord], fields: Set<EntryField>? = nil
    ) async throws -> [RecordResult<EntryRecord>] {
        var results: [RecordResult<EntryRecord>] = []
        for part in parts(of: records) {
            let answer = try await connection.call {
                try await entries.batchUpdateEntry(
                    .with {
                        $0.entries = part.map(\.message)
                        if let fields { $0.inputMask = EntryField.mask(of: fields) }
                    }, options: connection.options)
            }
            try require(answer.results.count, for: part.count)
            results += answer.results.map { result in
                RecordResult(
                    status: ItemStatus(result.status), item: result.hasEntry ? EntryRecord(result.entry) : nil)
            }
        }
        return results
    }

    /// Deletes entries; the items of the results are their IDs.
    package func deleteEntries(_ ids: [String]) async throws -> [RecordResult<String>] {
        var results: [RecordResult<String>] = []
        for part in parts(of: ids) {
            let answer = try await connection.call {
                try await entries.batchDeleteEntry(.with { $0.ids = Array(part) }, options: connection.options)
            }
            try require(answer.results.count, for: part.count)
            results += answer.results.map { RecordResult(status: ItemStatus($0.status), item: $0.id) }
        }
        return results
    }

    /// Refuses an answer that does not say of each item what became of it.
    func require(_ count: Int, for expected: Int) throws(AdministrationError) {
        guard count == expected else {
            throw AdministrationError(.internalError, "\(count) results for \(expected) items")
        }
    }
}
