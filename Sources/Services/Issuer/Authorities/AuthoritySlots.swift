// SPDX-License-Identifier: Apache-2.0

/// The authorities of one kind and how they move: prepared, then active, then old. Pure.
///
/// At most one is active and at most one prepared. A key is made in the place that the active one does not have; what
/// stood there is old from then on, and its private half is gone. Facts (SPIFFE) 13.1, 13.4.
public struct AuthoritySlots: Hashable, Sendable {
    /// How many authorities are remembered, the newest ones.
    public static let mostEntries = 10

    /// Which kind.
    public let kind: AuthorityKind
    /// The authorities in the order in which they were made, oldest first.
    public private(set) var entries: [AuthorityEntry] = []

    /// No authority yet.
    public init(_ kind: AuthorityKind) { self.kind = kind }

    /// The one that signs.
    public var active: AuthorityEntry? { entries.last { $0.status == .active } }
    /// The one that signs next.
    public var prepared: AuthorityEntry? { entries.last { $0.status == .prepared } }
    /// The one that signed last.
    public var old: AuthorityEntry? { entries.last { $0.status == .old } }

    /// Where the next key is made.
    var placeForNext: AuthoritySlot { active?.key.slot.other ?? prepared?.key.slot ?? kind.slots.a }

    /// Takes in a new authority.
    mutating func prepare(_ entry: AuthorityEntry) throws(IssuerError) {
        guard entry.key.slot.kind == kind, entry.status == .prepared, entry.key.slot != active?.key.slot,
            !entries.contains(where: { $0.authorityID == entry.authorityID })
        else { throw IssuerError(.internal, "authority can't be prepared", detail: entry.authorityID) }
        for index in entries.indices where entries[index].status == .prepared { entries[index].status = .old }
        entries.append(entry)
        trim()
    }

    /// Lets the prepared authority sign; the one that signed is old from now on.
    /// - Parameter id: must name the prepared one.
    mutating func activate(_ id: String) throws(IssuerError) {
        guard !id.isEmpty else { throw IssuerError(.invalidArgument, "no authority ID provided") }
        guard let next = entries.firstIndex(where: { $0.status == .prepared }), entries[next].authorityID == id else {
            throw IssuerError(.invalidArgument, "unexpected authority ID")
        }
        for index in entries.indices where entries[index].status == .active { entries[index].status = .old }
        entries[next].status = .active
    }

    /// What may be done to an authority that signs no more.
    enum Ending: String {
        /// Everybody is told to get new SVIDs.
        case taint
        /// Nothing that it signed is trusted any more.
        case revoke

        var participle: String { self == .taint ? "tainted" : "revoked" }
    }

    /// The authority, if it is one that signs no more.
    func ending(_ id: String, _ ending: Ending) throws(IssuerError) -> AuthorityEntry {
        guard !id.isEmpty else { throw IssuerError(.invalidArgument, "no authority ID provided") }
        guard let entry = entries.last(where: { $0.authorityID == id }) else {
            throw IssuerError(.invalidArgument, "unexpected authority ID")
        }
        switch entry.status {
        case .active: throw IssuerError(.invalidArgument, "unable to \(ending.rawValue) current local authority")
        case .prepared:
            throw IssuerError(.invalidArgument, "only Old local authorities can be \(ending.participle)")
        case .old: return entry
        }
    }

    /// Lets an authority sign no more, whether it signs now or would next.
    mutating func retire(_ id: String) {
        for index in entries.indices where entries[index].authorityID == id { entries[index].status = .old }
    }

    // MARK: Starting again

    /// Takes what a journal says, as far as it can be true: an authority that is out of the bundle is gone, and one whose
    /// key is not in its place can't sign. Facts (SPIFFE) 13.3.
    init(
        _ kind: AuthorityKind, journal entries: [AuthorityEntry], isPublished: (AuthorityEntry) -> Bool,
        isHeld: (AuthorityKey) -> Bool
    ) {
        self.kind = kind
        for entry in entries.suffix(Self.mostEntries) where entry.key.slot.kind == kind && isPublished(entry) {
            var entry = entry
            switch entry.status {
            case .old: break
            case .active where !isHeld(entry.key), .prepared where !isHeld(entry.key): entry.status = .old
            case .active where active != nil, .prepared where prepared != nil: entry.status = .old
            case .active, .prepared: break
            }
            self.entries.append(entry)
        }
    }

    private mutating func trim() {
        while entries.count > Self.mostEntries, let first = entries.firstIndex(where: { $0.status == .old }) {
            entries.remove(at: first)
        }
    }
}
