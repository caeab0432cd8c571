// SPDX-License-Identifier: Apache-2.0

public import KERI
private import Synchronization

/// An AID that a watcher follows.
public struct WatchedIdentifier: Sendable, Hashable {
    /// Whom it follows.
    public let aid: AID
    /// Where the first introduction comes from: URLs of OOBIs, asked until witnesses are known, and again when none of
    /// those answers.
    public let introductions: [PeerURL]
    /// Since when.
    public let since: Timestamp

    /// Collects the three.
    public init(aid: AID, introductions: [PeerURL], since: Timestamp) {
        self.aid = aid
        self.introductions = introductions
        self.since = since
    }
}

/// The AIDs that a watcher follows, kept durably.
public protocol WatchList: Sendable {
    /// All of them.
    /// - Throws: what the medium fails with.
    func all() throws -> [WatchedIdentifier]
    /// Adds one, or replaces the one of the same AID.
    /// - Throws: what the medium fails with.
    func put(_ watched: WatchedIdentifier) throws
    /// Removes one, if it is there.
    /// - Throws: what the medium fails with.
    func remove(_ aid: AID) throws
}

/// The proven contradictions that a watcher found, kept for ever: its duplicitous event log (facts 13.11).
public protocol EvidenceStore: Sendable {
    /// All of them, in order of discovery. An implementation that reads bytes back verifies them again by
    /// ``KERI/VerifiedDuplicity``.
    /// - Throws: what the medium fails with.
    func all() throws -> [VerifiedDuplicity]
    /// Adds one durably.
    /// - Throws: what the medium fails with.
    func append(_ duplicity: VerifiedDuplicity) throws
}

/// A watch list in memory, for tests and for watchers that are told everything anew.
public final class MemoryWatchList: WatchList {
    private let watched = Mutex<[WatchedIdentifier]>([])

    /// Starts empty.
    public init() {}

    /// As the protocol says.
    public func all() -> [WatchedIdentifier] { watched.withLock { $0 } }

    /// As the protocol says.
    public func put(_ watched: WatchedIdentifier) {
        self.watched.withLock { list in
            list.removeAll { $0.aid == watched.aid }
            list.append(watched)
        }
    }

    /// As the protocol says.
    public func remove(_ aid: AID) { watched.withLock { list in list.removeAll { $0.aid == aid } } }
}

/// Evidence in memory.
public final class MemoryEvidenceStore: EvidenceStore {
    private let found = Mutex<[VerifiedDuplicity]>([])

    /// Starts empty.
    public init() {}

    /// As the protocol says.
    public func all() -> [VerifiedDuplicity] { found.withLock { $0 } }

    /// As the protocol says.
    public func append(_ duplicity: VerifiedDuplicity) { found.withLock { $0.append(duplicity) } }
}
