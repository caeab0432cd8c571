// SPDX-License-Identifier: Apache-2.0

internal import NodeAgent
internal import SPIFFE
internal import SPIREAPI

/// The client's side of SyncAuthorizedEntries: few entries come whole; of many, the revisions come first, and only what
/// is new is asked for. Pure. Facts (SPIFFE) 15.4.
struct EntrySyncExchange {
    typealias Request = Spire_Api_Server_Entry_V1_SyncAuthorizedEntriesRequest
    typealias Response = Spire_Api_Server_Entry_V1_SyncAuthorizedEntriesResponse

    /// Most entries that are asked for at once.
    static let page = 500
    /// Most entries of an agent.
    static let mostEntries = 1_000_000

    private enum Phase {
        /// Nothing has come yet.
        case beginning
        /// Entries come without having been asked for.
        case whole
        /// Revisions come.
        case revisions
        /// Entries come that were asked for.
        case needed
        case done
    }

    private let known: [String: EntryRevision]
    private var phase = Phase.beginning
    private var seen: Set<String> = []
    private var needed: ArraySlice<String> = []
    private var updated: [RegistrationEntry] = []
    /// Entries that could not be read, with the reason. The agent gives up what it had of them: nobody can say any more
    /// what they allow.
    private(set) var unreadable: [(id: String, fault: MessageFault)] = []

    init(known: [EntryRevision]) {
        self.known = Dictionary(known.map { ($0.id, $0) }) { first, _ in first }
    }

    /// The first message.
    static var opening: Request {
        var request = Request()
        request.outputMask = .all
        return request
    }

    /// What comes after a message.
    enum Step {
        /// Another message.
        case wait
        /// This is to be sent.
        case ask(Request)
        /// Everything is known.
        case finish(EntryChanges)
    }

    /// Takes a message in.
    /// - Throws: ``IssuerClientError/Code/malformedAnswer``.
    mutating func receive(_ message: Response) throws(IssuerClientError) -> Step {
        if phase == .beginning { phase = message.entryRevisions.isEmpty ? .whole : .revisions }
        switch phase {
        case .beginning, .done: throw IssuerClientError(.malformedAnswer, "a message after the last")
        case .whole, .needed:
            guard message.entryRevisions.isEmpty else {
                throw IssuerClientError(.malformedAnswer, "revisions among entries")
            }
            try take(message.entries)
            return message.more ? .wait : nextStep()
        case .revisions:
            guard message.entries.isEmpty else {
                throw IssuerClientError(.malformedAnswer, "entries among revisions")
            }
            for revision in message.entryRevisions {
                try see(revision.id)
                let state = EntryRevision(
                    id: revision.id, revision: revision.revisionNumber, createdAt: revision.createdAt)
                if known[revision.id] != state { needed.append(revision.id) }
            }
            guard !message.more else { return .wait }
            phase = .needed
            return nextStep()
        }
    }

    private mutating func nextStep() -> Step {
        guard needed.isEmpty else {
            var request = Request()
            request.ids = Array(needed.prefix(Self.page))
            needed = needed.dropFirst(Self.page)
            return .ask(request)
        }
        phase = .done
        let served = seen.subtracting(unreadable.map(\.id))
        return .finish(EntryChanges(updated: updated, removed: Set(known.keys).subtracting(served)))
    }

    private mutating func see(_ id: String) throws(IssuerClientError) {
        seen.insert(id)
        guard seen.count <= Self.mostEntries else { throw IssuerClientError(.malformedAnswer, "too many entries") }
    }

    private mutating func take(_ entries: [Spire_Api_Types_Entry]) throws(IssuerClientError) {
        for message in entries {
            if phase == .whole { try see(message.id) }
            do {
                let entry = try RegistrationEntry(message)
                if known[entry.id] != EntryRevision(of: entry) { updated.append(entry) }
            } catch {
                unreadable.append((message.id, error))
            }
            guard updated.count + unreadable.count <= Self.mostEntries else {
                throw IssuerClientError(.malformedAnswer, "too many entries")
            }
        }
    }
}
