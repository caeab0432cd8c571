// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import KelmarkBytes

/// What is to be done so that the entries of an issuer become those of a file.
///
/// An entry of the file is one of the issuer's when it has its ID, or, without an ID, the same SPIFFE ID, parent and
/// selectors: the same that the issuer calls similar. Facts (SPIFFE) 11.3.
struct EntryPlan {
    /// An entry that is there and says something else.
    struct Change {
        let before: EntryRecord
        let after: EntryRecord
        let fields: Set<EntryField>
    }

    private(set) var creations: [EntryRecord] = []
    private(set) var changes: [Change] = []
    private(set) var deletions: [EntryRecord] = []
    private(set) var unchanged = 0

    private struct Likeness: Hashable {
        let spiffeID: IDRecord
        let parentID: IDRecord
        let selectors: Set<SelectorRecord>

        init(_ entry: EntryRecord) {
            spiffeID = entry.spiffeID
            parentID = entry.parentID
            selectors = Set(entry.selectors)
        }
    }

    /// Compares what is wanted with what is there.
    /// - Parameters:
    ///   - prunesUnder: under these parents what is not wanted is deleted; nil deletes nothing.
    /// - Throws: ``CommandFailure`` when the file says two things of one entry.
    init(wanted: [EntryRecord], present: [EntryRecord], prunesUnder parents: Set<IDRecord>?) throws {
        var byID: [String: EntryRecord] = [:]
        var byLikeness: [Likeness: EntryRecord] = [:]
        for entry in present {
            byID[entry.id] = entry
            byLikeness[Likeness(entry)] = entry
        }
        var kept: Set<String> = []
        var wantedLikenesses: Set<Likeness> = []
        for entry in wanted {
            guard wantedLikenesses.insert(Likeness(entry)).inserted else {
                throw CommandFailure(
                    "KM-INPUT-ENTRIES", "two entries for \(entry.spiffeID) are the same but for details")
            }
            guard let before = entry.id.isEmpty ? byLikeness[Likeness(entry)] : byID[entry.id] else {
                creations.append(entry)
                continue
            }
            guard kept.insert(before.id).inserted else {
                throw CommandFailure("KM-INPUT-ENTRIES", "entry \(before.id) is there twice")
            }
            var after = entry
            after.id = before.id
            let fields = after.differences(from: before)
            if fields.isEmpty {
                unchanged += 1
            } else {
                changes.append(Change(before: before, after: after, fields: fields))
            }
        }
        if let parents {
            deletions = present.filter { !kept.contains($0.id) && parents.contains($0.parentID) }
        }
    }

    /// Whether there is nothing to do.
    var isEmpty: Bool { creations.isEmpty && changes.isEmpty && deletions.isEmpty }

    /// The plan for people, a line for each entry.
    var text: [String] {
        let lines =
            creations.map { "+ \($0.spiffeID)  \(Self.selectors($0))" }
            + changes.map { "~ \($0.after.spiffeID)  \($0.after.id)  \(Self.names($0.fields).joined(separator: ", "))" }
            + deletions.map { "- \($0.spiffeID)  \($0.id)  \(Self.selectors($0))" }
        return lines.map(printable) + [
            "\(creations.count) to create, \(changes.count) to change, \(deletions.count) to delete, "
                + "\(unchanged) unchanged"
        ]
    }

    /// The plan as data.
    var json: OrderedMap {
        [
            "create": .list(creations.map(EntryView.json)),
            "change": .list(
                changes.map {
                    [
                        "id": .text($0.after.id), "fields": SPIREJSON.texts(Self.names($0.fields)),
                        "before": EntryView.json($0.before), "after": EntryView.json($0.after),
                    ]
                }),
            "delete": .list(deletions.map(EntryView.json)), "unchanged": OrderedValue(unchanged),
        ]
    }

    private static func selectors(_ entry: EntryRecord) -> String {
        entry.selectors.map(\.description).joined(separator: " ")
    }

    private static func names(_ fields: Set<EntryField>) -> [String] { fields.map(\.rawValue).sorted() }
}
