// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Issuer
internal import SPIFFE
internal import SPIREAPI

/// `spire.api.server.entry.v1.Entry`. Facts (SPIFFE) 11.3, 15.4.
struct EntryAPI: Spire_Api_Server_Entry_V1_Entry.SimpleServiceProtocol {
    /// How long an agent may take to bring its entries up to date.
    static let longestSync = Duration.seconds(120)

    let entries: EntryService
    let clock: any IssuerClock

    func countEntries(
        request: Spire_Api_Server_Entry_V1_CountEntriesRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Entry_V1_CountEntriesResponse {
        var response = Spire_Api_Server_Entry_V1_CountEntriesResponse()
        let filter = request.hasFilter ? try EntryFilter(request.filter) : EntryFilter()
        response.count = Int32(clamping: try entries.count(filter))
        return response
    }

    func listEntries(
        request: Spire_Api_Server_Entry_V1_ListEntriesRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Entry_V1_ListEntriesResponse {
        let filter = request.hasFilter ? try EntryFilter(request.filter) : EntryFilter()
        let mask = request.hasOutputMask ? request.outputMask : nil
        let page = try entries.list(filter, pageSize: Int(request.pageSize), pageToken: request.pageToken)
        var response = Spire_Api_Server_Entry_V1_ListEntriesResponse()
        response.entries = page.elements.map { Spire_Api_Types_Entry($0, mask: mask) }
        response.nextPageToken = page.nextToken
        return response
    }

    func getEntry(
        request: Spire_Api_Server_Entry_V1_GetEntryRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_Entry {
        try IssuerCall.of(context).note(.entryID, request.id)
        let entry = try entries.entry(request.id)
        return Spire_Api_Types_Entry(entry, mask: request.hasOutputMask ? request.outputMask : nil)
    }

    func batchCreateEntry(
        request: Spire_Api_Server_Entry_V1_BatchCreateEntryRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Entry_V1_BatchCreateEntryResponse {
        let call = try IssuerCall.of(context)
        try IssuerCall.check(itemCount: request.entries.count)
        let drafts = request.entries.map { EntryDraft($0) }
        let mask = request.hasOutputMask ? request.outputMask : nil
        let results = try await entries.create(drafts)
        var response = Spire_Api_Server_Entry_V1_BatchCreateEntryResponse()
        for (draft, result) in zip(drafts, results) {
            var wire = Spire_Api_Server_Entry_V1_BatchCreateEntryResponse.Result()
            wire.status = Spire_Api_Types_Status(result.refusal)
            if let entry = result.value { wire.entry = Spire_Api_Types_Entry(entry, mask: mask) }
            response.results.append(wire)
            Self.note(draft, result, call)
        }
        return response
    }

    func batchUpdateEntry(
        request: Spire_Api_Server_Entry_V1_BatchUpdateEntryRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Entry_V1_BatchUpdateEntryResponse {
        let call = try IssuerCall.of(context)
        try IssuerCall.check(itemCount: request.entries.count)
        let drafts = request.entries.map { EntryDraft($0) }
        let mask = request.hasOutputMask ? request.outputMask : nil
        let results = try await entries.update(
            drafts, mask: request.hasInputMask ? EntryMask(request.inputMask) : nil)
        var response = Spire_Api_Server_Entry_V1_BatchUpdateEntryResponse()
        for (draft, result) in zip(drafts, results) {
            var wire = Spire_Api_Server_Entry_V1_BatchUpdateEntryResponse.Result()
            wire.status = Spire_Api_Types_Status(result.refusal)
            if let entry = result.value { wire.entry = Spire_Api_Types_Entry(entry, mask: mask) }
            response.results.append(wire)
            Self.note(draft, result, call)
        }
        return response
    }

    func batchDeleteEntry(
        request: Spire_Api_Server_Entry_V1_BatchDeleteEntryRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Entry_V1_BatchDeleteEntryResponse {
        let call = try IssuerCall.of(context)
        try IssuerCall.check(itemCount: request.ids.count)
        let results = try await entries.delete(request.ids)
        var response = Spire_Api_Server_Entry_V1_BatchDeleteEntryResponse()
        for (id, result) in zip(request.ids, results) {
            var wire = Spire_Api_Server_Entry_V1_BatchDeleteEntryResponse.Result()
            wire.status = Spire_Api_Types_Status(result.refusal)
            wire.id = id
            response.results.append(wire)
            call.note([.entryID: id], refusal: result.refusal)
        }
        return response
    }

    // MARK: Agents

    func getAuthorizedEntries(
        request: Spire_Api_Server_Entry_V1_GetAuthorizedEntriesRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Entry_V1_GetAuthorizedEntriesResponse {
        let call = try IssuerCall.of(context)
        let mask = request.hasOutputMask ? request.outputMask : nil
        let found = try await entries.authorizedEntries(of: call.agent)
        call.note(.count, String(found.count))
        var response = Spire_Api_Server_Entry_V1_GetAuthorizedEntriesResponse()
        response.entries = found.map { Spire_Api_Types_Entry($0, mask: mask) }
        return response
    }

    func syncAuthorizedEntries(
        request: RPCAsyncSequence<Spire_Api_Server_Entry_V1_SyncAuthorizedEntriesRequest, any Error>,
        response: RPCWriter<Spire_Api_Server_Entry_V1_SyncAuthorizedEntriesResponse>, context: ServerContext
    ) async throws {
        let call = try IssuerCall.of(context)
        let agent = try call.agent
        try await clock.limited(Self.longestSync) {
            var sync = try await entries.sync(for: agent)
            var sent = 0
            var mask: Spire_Api_Types_EntryMask?
            for try await message in request {
                // The first message says how entries are shown; the exchange refuses a mask in later ones.
                if message.hasOutputMask { mask = message.outputMask }
                for reply in try sync.receive(EntrySync.Request(message)) {
                    if case .entries(let entries, _) = reply { sent += entries.count }
                    try await response.write(
                        Spire_Api_Server_Entry_V1_SyncAuthorizedEntriesResponse(reply, mask))
                }
                if sync.isFinished { break }
            }
            call.note(.count, String(sent))
        }
    }

    private static func note(_ draft: EntryDraft, _ result: ItemResult<RegistrationEntry>, _ call: IssuerCall) {
        var fields = draft.auditFields
        if result.refusal == nil, let entry = result.value {
            fields = EntryDraft(entry).auditFields
            fields[.revision] = String(entry.revision)
        }
        call.note(fields, refusal: result.refusal)
    }
}
