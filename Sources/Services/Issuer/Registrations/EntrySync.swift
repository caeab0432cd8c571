// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// The server's part of SyncAuthorizedEntries, without any I/O: what to answer to each message of the agent.
///
/// Few entries go whole at once and the conversation is over. Of many, first their revisions go, page by page; then
/// the agent names those that it lacks, as often as it likes, and gets them page by page. Facts (SPIFFE) 15.4.
public struct EntrySync: Sendable {
    /// Entries of a page, and revisions of a page.
    public static let pageSize = 500
    /// Most IDs that an agent names over the conversation, for each entry that it may have.
    static let repetitions = 4

    /// A message of the agent.
    public struct Request: Hashable, Sendable {
        /// Which members the agent wants; in its first message only. Nil for all.
        public var mask: EntryMask?
        /// Which entries it wants; from its second message on.
        public var ids: [String]

        /// Collects a message.
        public init(mask: EntryMask? = nil, ids: [String] = []) {
            self.mask = mask
            self.ids = ids
        }
    }

    /// What an entry is known by: the agent asks for those of which it has another revision.
    public struct Revision: Hashable, Sendable {
        /// The entry's ID.
        public let id: String
        /// How often it was changed.
        public let number: Int64
        /// Seconds since 1970 at which it was made.
        public let createdAt: Int64
    }

    /// A message to the agent.
    public enum Reply: Hashable, Sendable {
        /// A page of revisions; whether another follows.
        case revisions([Revision], more: Bool)
        /// A page of entries, to be shown by the mask of the first message; whether another follows.
        case entries([RegistrationEntry], more: Bool)
    }

    private enum State {
        case new
        case revisionsSent
        case finished
    }

    private var state = State.new
    private let entries: [RegistrationEntry]
    private let byID: [String: Int]
    private var namesLeft: Int
    /// Which members entries are shown with.
    public private(set) var mask = EntryMask.all

    /// Begins with the entries that the agent may have.
    init(entries: [RegistrationEntry]) {
        self.entries = entries
        byID = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.id, $0) })
        namesLeft = entries.count * Self.repetitions
    }

    /// Whether everything was said: the stream is closed now.
    public var isFinished: Bool { state == .finished }

    /// Takes a message of the agent.
    /// - Returns: the messages to send, in order. When ``isFinished``, the stream ends behind them.
    /// - Throws: `invalidArgument` for a message that does not belong here, `failedPrecondition` behind the end.
    public mutating func receive(_ request: Request) throws(IssuerError) -> [Reply] {
        switch state {
        case .new: return try begin(request)
        case .revisionsSent: return try hand(request)
        case .finished: throw IssuerError(.failedPrecondition, "the entries were all sent")
        }
    }

    /// The agent will send no more.
    public mutating func end() { state = .finished }

    private mutating func begin(_ request: Request) throws(IssuerError) -> [Reply] {
        state = .finished
        guard request.ids.isEmpty else {
            throw IssuerError(.invalidArgument, "specifying IDs on initial request is not supported")
        }
        if let wanted = request.mask {
            guard wanted.contains(.revision) else {
                throw IssuerError(.invalidArgument, "revision number cannot be masked")
            }
            mask = wanted
        }
        guard entries.count > Self.pageSize else { return [.entries(entries, more: false)] }
        state = .revisionsSent
        return pages(entries.map { Revision(id: $0.id, number: $0.revision, createdAt: $0.createdAt) }).map {
            .revisions($0, more: $1)
        }
    }

    private mutating func hand(_ request: Request) throws(IssuerError) -> [Reply] {
        guard request.mask == nil else {
            state = .finished
            throw IssuerError(.invalidArgument, "specifying output mask on successive requests is not supported")
        }
        // An agent that asks for the same again and again would have one request answered a thousand times over.
        guard request.ids.count <= namesLeft else {
            state = .finished
            throw IssuerError(.resourceExhausted, "more IDs were asked for than there are entries")
        }
        namesLeft -= request.ids.count
        let wanted = Set(request.ids.compactMap { byID[$0] }).sorted().map { entries[$0] }
        return pages(wanted).map { .entries($0, more: $1) }
    }

    /// At least one page, since the agent waits for one.
    private func pages<Element>(_ elements: [Element]) -> [([Element], Bool)] {
        guard !elements.isEmpty else { return [([], false)] }
        return stride(from: 0, to: elements.count, by: Self.pageSize).map { start in
            let end = min(start + Self.pageSize, elements.count)
            return (Array(elements[start..<end]), end < elements.count)
        }
    }
}
